"""A stack moves from one backend to another, and a stack's settings choose its backend. With the real engine."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.rollout.conftest import MakeCheckout

pytestmark = pytest.mark.engine

_PROGRAM = """
import pulumi
bed = pulumi.ComponentResource("garden:index:Bed", "bed")
pulumi.export("word", pulumi.Config().require_secret("word"))
pulumi.export("plain", "seen by everybody")
"""


class Garden:
    """A project of one resource, a secret and something that is none, in the backend that is named at each command."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root, self.environment = root, environment | {"PULUMI_CONFIG_PASSPHRASE": "a passphrase"}
        root.mkdir()
        (root / "Pulumi.yaml").write_text("name: garden\nruntime: python\n")
        (root / "__main__.py").write_text(_PROGRAM)

    def pulumi(self, backend: str, *words: str) -> str:
        """What the engine says. It must end well."""
        (self.root / backend).mkdir(exist_ok=True)
        done = subprocess.run(
            ["pulumi", *words, "--stack", "garden", "--non-interactive", "--color=never"],
            cwd=self.root,
            env=self.environment | {"PULUMI_BACKEND_URL": f"file://{backend}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def state(self, backend: str) -> dict[str, Any]:
        file = self.root / backend / ".pulumi" / "stacks" / "garden" / "garden.json"
        found: dict[str, Any] = json.loads(file.read_text())["checkpoint"]["latest"]
        return found


def test_a_stack_moves_with_its_secrets_and_nothing_lies_there_in_plain_text(
    tmp_path: Path, engine_environment: dict[str, str]
) -> None:
    garden = Garden(tmp_path / "garden", engine_environment)
    garden.pulumi("here", "stack", "init")
    garden.pulumi("here", "config", "set", "--secret", "word", "hush")
    garden.pulumi("here", "up", "--yes", "--skip-preview")
    settings = (garden.root / "Pulumi.garden.yaml").read_text()

    garden.pulumi("here", "stack", "export", "--file", "garden.state.json")
    garden.pulumi("there", "stack", "init", "--secrets-provider=passphrase")
    garden.pulumi("there", "stack", "import", "--file", "garden.state.json")

    garden.pulumi("there", "preview", "--expect-no-changes")
    assert garden.pulumi("there", "stack", "output", "word", "--show-secrets").strip() == "hush"
    assert (garden.root / "Pulumi.garden.yaml").read_text() == settings, "the same passphrase keeps its salt"
    urns = [[resource["urn"] for resource in garden.state(backend)["resources"]] for backend in ("here", "there")]
    assert urns[0] == urns[1]
    assert any(urn.endswith("garden:index:Bed::bed") for urn in urns[0])
    exported = (garden.root / "garden.state.json").read_text()
    assert "hush" not in exported
    # What docs/state.md says of the engine's own encryption: secret values, and nothing else.
    assert "seen by everybody" in exported
    assert "seen by everybody" in json.dumps(garden.state("there"))
    assert "hush" not in json.dumps(garden.state("there"))


def test_the_settings_of_a_stack_choose_its_backend(make_checkout: MakeCheckout) -> None:
    checkout = make_checkout()
    (checkout.root / "kept").mkdir()
    settings = checkout.root / "Pulumi.dev.yaml"
    settings.write_text(settings.read_text().replace("config:\n", "config:\n  fediversity:backend: file://kept\n", 1))

    checkout.must(checkout.just("init"))
    output = checkout.must(checkout.just("preview"))

    assert "cinnabar-server" in output
    assert "the fleet would cost " in output
    assert "compared with what is deployed; see `fediversity cost dev`" in output
    assert (checkout.root / "kept" / ".pulumi" / "stacks" / "fediversity" / "dev.json").is_file()
    assert not (checkout.root / ".pulumi").exists()
