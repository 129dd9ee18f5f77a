"""`./just pulumi …`: which stack a command line of the engine is about, and in which backend that is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fediversity.rollout.passthrough import environment_for, named_stack

SETTINGS = "config:\n  fediversity:fleet: stacks/production.yaml\n  fediversity:backend: gs://garden-states\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: garden\nruntime: python\nbackend: {url: 'file://.'}\n")
    (tmp_path / "Pulumi.production.yaml").write_text(SETTINGS)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  fediversity:fleet: stacks/dev.yaml\n")
    (tmp_path / "Pulumi.broken.yaml").write_text("config:\n  fediversity:colour: green\n")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "stack"),
    [
        ("config set --secret hcloud:token --stack production", "production"),
        ("stack export -s production --file x.json", "production"),
        ("stack export --stack=production", "production"),
        ("stack init production --secrets-provider=gcpkms://x", "production"),
        ("stack init --secrets-provider=gcpkms://x production", "production"),
        ("stack init --secrets-provider passphrase production", "production"),
        ("stack init --secrets-provider awskms://alias/x production", "production"),
        ("cancel --yes production", "production"),
        ("stack rm production --yes", "production"),
        ("stack ls", None),
        ("stack init", None),
        ("config get production", None),
        ("stack output --stack", None),
        ("", None),
    ],
)
def test_the_stack_is_found_where_the_engine_would_find_it(line: str, stack: str | None) -> None:
    assert named_stack(line.split()) == stack


def test_a_stack_with_a_backend_of_its_own_is_looked_for_there(project: Path) -> None:
    found = environment_for(["stack", "export", "--stack", "production"], project, {"PATH": "/bin"})
    assert found["PULUMI_BACKEND_URL"] == "gs://garden-states"


def test_a_persons_own_variable_comes_first(project: Path) -> None:
    own = {"PULUMI_BACKEND_URL": "file://own"}
    assert environment_for(["cancel", "production"], project, own)["PULUMI_BACKEND_URL"] == "file://own"


@pytest.mark.parametrize("words", [["cancel", "dev"], ["cancel", "broken"], ["stack", "init", "new"], ["stack", "ls"]])
def test_everything_else_is_the_projects(project: Path, words: list[str]) -> None:
    assert "PULUMI_BACKEND_URL" not in environment_for(words, project, {})


def test_the_engine_gets_the_words_as_they_are_and_its_exit_status_counts(tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.write_text('#!/bin/sh\nprintf "%s\\n" "$#" "$@"\nexit 3\n')
    engine.chmod(0o755)
    command = [sys.executable, "-m", "fediversity.rollout", "pulumi", "config", "set", "a b", "--plain", "--json"]
    environ = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.splitlines()) == (3, ["5", "config", "set", "a b", "--plain", "--json"])
