"""Recovery after the real engine was killed, with a small plug-in of the tests' own."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fediversity.rollout.backend import Backend
from fediversity.rollout.pending_operations import Pending
from fediversity.rollout.processes import end, orphans, running
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.pulumi_commands import arguments, environment
from fediversity.rollout.recovery import events_file, recover, uncertain_creates_of
from fediversity.support.errors import RefusedError

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="no engine on PATH: run `./just test`"),
]

_PATIENCE_S = 60.0

_PROGRAM = """
import json
import pulumi
for version in ("0.0.0-local", "1.0.0"):
    provider = pulumi.ProviderResource("thing", version, {}, pulumi.ResourceOptions(version=version))
    for name, value in json.load(open("things.json")).get(version, {}).items():
        options = pulumi.ResourceOptions(provider=provider, version=version)
        pulumi.CustomResource("thing:index:Thing", name, {"name": name, "value": value}, options)
"""


@dataclass(frozen=True)
class Project:
    """A project of its own with two providers of things: one simulated (0.0.0-local), one real (1.0.0)."""

    root: Path
    engine: PulumiCli
    backend: Backend

    def want(self, simulated: dict[str, str] | None = None, real: dict[str, str] | None = None) -> None:
        (self.root / "things.json").write_text(json.dumps({"0.0.0-local": simulated or {}, "1.0.0": real or {}}))

    def run(self, operation: str) -> int:
        return self.engine.run(arguments(operation, "dev", simulated=True))

    def roll_out(self) -> int:
        """An `up` as the program starts it: the engine writes its events down."""
        events = events_file(self.engine, "dev")
        events.parent.mkdir(parents=True, exist_ok=True)
        return self.engine.run(arguments("up", "dev", ("--event-log", str(events)), simulated=True))

    def recover(self, *answers: str) -> None:
        recover("dev", self.engine, self.backend, answers, self.look_up)

    def look_up(self, stack: str, engine: PulumiCli, asked: Sequence[Pending]) -> dict[str, str | None]:
        assert (stack, engine) == ("dev", self.engine)
        return {item.urn: f"id-{item.name}" if item.name in self.stored() else None for item in asked}

    def stored(self) -> set[str]:
        return {path.name for path in (self.root / "store").iterdir()}

    def log(self) -> list[str]:
        log = self.root / "plugin.log"
        return log.read_text().splitlines() if log.exists() else []

    def ids(self) -> dict[str, str]:
        deployment = self.backend.checkpoint("dev")
        assert deployment is not None
        assert not deployment.get("pending_operations")
        things: list[dict[str, Any]] = [item for item in deployment["resources"] if item["type"].startswith("thing:")]
        return {item["urn"].rsplit("::", 1)[-1]: item["id"] for item in things}

    @contextmanager
    def held_run(self, operation: str, *holds: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run until every hold is reached; after the block let go of them and wait for the run to end."""
        for hold in holds:
            (self.root / "hold" / hold).touch()
        command = ["pulumi", *arguments(operation, "dev", simulated=True)]
        with subprocess.Popen(command, cwd=self.root, env=self.engine.environment) as run:
            deadline = time.monotonic() + _PATIENCE_S
            while not {hold.replace("-", " ") for hold in holds} <= set(self.log()):
                assert run.poll() is None, "the run ended before it was held"
                assert time.monotonic() < deadline
                time.sleep(0.01)
            yield run
            for hold in holds:
                (self.root / "hold" / hold).unlink()

    def kill_during(self, operation: str, *holds: str) -> None:
        """Kill the engine once every hold is reached, and recover while its plug-ins are still at work."""
        with self.held_run(operation, *holds) as run:
            run.kill()
            run.wait()
            (self.root / "plugin.log").unlink()
            # What a kill leaves when it comes just as the engine writes.
            (self.root / ".pulumi" / "stacks" / "recovery" / "dev.json.attrs").write_text("")
            self.recover()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    root = tmp_path.resolve() / "project"
    launcher = root / "launcher"
    launcher.mkdir(parents=True)
    (root / "store").mkdir()
    (root / "hold").mkdir()
    (root / "Pulumi.yaml").write_text("name: recovery\nruntime: python\nbackend:\n  url: file://.\n")
    (root / "Pulumi.dev.yaml").write_text("config: {}\n")
    (root / "__main__.py").write_text(_PROGRAM)
    plugin = launcher / "pulumi-resource-thing"
    plugin.write_text(f"#!{sys.executable}\n{Path(__file__).with_name('thing_plugin.py').read_text()}")
    plugin.chmod(0o755)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PULUMI_HOME": str(tmp_path / "pulumi-home"), "PATH": path}
    environ.pop("PULUMI_BACKEND_URL", None)
    engine = PulumiCli(root, environment("dev", environ))
    for version in ("0.0.0-local", "1.0.0"):
        engine.output(["plugin", "install", "resource", "thing", version, "--exact", "--file", str(launcher)])
    engine.output(["stack", "init", "dev"])
    there = Project(root, engine, Backend.of(root, environ))
    yield there
    end((process for process in running().values() if process.folder == str(root)), grace_s=1)


def test_a_killed_rollout_is_finished_and_nothing_is_created_twice(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.want({"a": "1", "b": "1"})
    project.kill_during("up", "create-a", "begin-b")
    said = capsys.readouterr().err
    assert "left stack dev locked" in said
    assert "ending what that run left behind: pulumi-language-python, pulumi-resource-thing" in said
    assert "a (thing:index:Thing) was creating: it exists: taken over" in said
    assert "b (thing:index:Thing) was creating: it does not exist: forgotten" in said
    assert orphans(running(), project.root) == ()
    assert project.ids() == {"a": "id-a"}
    assert project.run("up") == 0
    assert project.ids() == {"a": "id-a", "b": "id-b"}
    assert [line for line in project.log() if line.startswith("create")] == ["create b"]


def test_a_stack_in_use_is_refused_and_the_run_in_progress_is_left_alone(project: Project) -> None:
    project.want({"a": "1"})
    refused = pytest.raises(RefusedError, match="stack dev is in use")
    with project.held_run("up", "create-a") as run, refused as refusal:
        project.recover()
    assert f"process {run.pid}," in str(refusal.value)
    assert run.returncode == 0
    assert project.ids() == {"a": "id-a"}


def test_a_creation_in_a_real_cloud_waits_for_a_persons_word(project: Project) -> None:
    project.want(real={"a": "1"})
    urn = "urn:pulumi:dev::recovery::thing:index:Thing::a"
    with pytest.raises(RefusedError, match=f"resolve dev '{urn}=ID'"):
        project.kill_during("up", "create-a")
    deployment = project.backend.checkpoint("dev")
    assert deployment is not None
    assert [item["type"] for item in deployment["pending_operations"]] == ["creating"]
    project.recover(f"{urn}=id-a")
    assert project.ids() == {"a": "id-a"}
    assert project.run("up") == 0
    assert project.log() == [], "it is not created again"


def test_a_creation_whose_answer_was_lost_is_taken_over(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.want({"a": "1", "b": "1"})
    (project.root / "hold" / "lose-a").touch()
    assert project.roll_out() != 0
    assert project.ids() == {"b": "id-b"}

    project.recover()

    said = capsys.readouterr().err
    assert "no clear answer when it created a (thing:index:Thing): it exists: taken over" in said
    assert project.ids() == {"a": "id-a", "b": "id-b"}
    assert uncertain_creates_of(project.engine, "dev") == ()
    assert project.roll_out() == 0
    assert project.log().count("create a") == 1


def test_a_lost_answer_of_a_real_cloud_is_asked_for_and_keeps_nobody_from_going_on(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.want(real={"a": "1"})
    (project.root / "hold" / "lose-a").touch()
    assert project.roll_out() != 0
    urn = "urn:pulumi:dev::recovery::thing:index:Thing::a"

    project.recover()

    assert f"`./just resolve dev '{urn}=ID'` if it does" in capsys.readouterr().err
    assert project.ids() == {}
    project.recover(f"{urn}=id-a")
    assert project.ids() == {"a": "id-a"}
    assert project.roll_out() == 0
    assert project.log().count("create a") == 1


def test_an_answer_that_nobody_asked_for_is_refused(project: Project) -> None:
    project.want({"a": "1"})
    assert project.roll_out() == 0
    with pytest.raises(RefusedError, match="not a pending creation of stack dev: urn:x"):
        project.recover("urn:x=1")


def test_an_update_that_was_cut_short_is_not_done_twice(project: Project) -> None:
    project.want({"a": "1"})
    assert project.run("up") == 0
    project.want({"a": "2"})
    project.kill_during("up", "update-a")
    assert project.run("up") == 0
    assert project.log() == [], "the refresh saw that the update was done"
    assert json.loads((project.root / "store" / "a").read_text())["value"] == "2"


def test_a_killed_destroy_is_finished(project: Project) -> None:
    project.want({"a": "1", "b": "1"})
    assert project.run("up") == 0
    project.kill_during("destroy", "delete-a")
    assert project.run("destroy") == 0
    assert project.stored() == set()
    assert "delete a" not in project.log()


def test_a_stack_that_ended_well_needs_no_recovery(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.want({"a": "1"})
    assert project.run("up") == 0
    project.recover()
    assert capsys.readouterr().err == ""


def test_a_state_that_refers_to_what_is_gone_is_repaired(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.want({"a": "1"})
    assert project.run("up") == 0
    path = project.root / ".pulumi" / "stacks" / "recovery" / "dev.json"
    state = json.loads(path.read_text())
    latest = state["checkpoint"]["latest"]
    thing = next(item for item in latest["resources"] if item["type"].startswith("thing:"))
    thing["dependencies"] = [f"{thing['urn']}-that-is-gone"]
    latest["metadata"] = {"integrity_error": {"version": "3", "command": "pulumi up", "error": "refers to missing"}}
    path.write_text(json.dumps(state))
    assert project.run("up") != 0
    capsys.readouterr()

    project.recover()

    assert "refers to what it had deleted" in capsys.readouterr().err
    assert project.run("up") == 0
    assert project.ids() == {"a": "id-a"}
    project.recover()
    assert capsys.readouterr().err == ""
