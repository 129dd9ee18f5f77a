"""What a person's command becomes for the engine."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fediversity.project.endpoints import Endpoints
from fediversity.rollout import __main__ as command_line
from fediversity.rollout.backend import Backend
from fediversity.rollout.console import summary
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.pulumi_commands import arguments, asks, environment, may_ask_for_a_passphrase
from fediversity.rollout.recovery import switching_on
from fediversity.support.errors import RefusedError

PROJECT = "name: fediversity\nbackend:\n  url: {url}\n"


def test_up_of_a_simulated_stack_asks_nothing_and_goes_on_after_a_failure() -> None:
    assert arguments("up", "dev", simulated=True) == [
        *("up", "--stack", "dev", "--parallel", "16", "--continue-on-error", "--yes", "--skip-preview")
    ]


def test_an_up_that_deletes_steps_stops_at_the_first_failure() -> None:
    assert "--continue-on-error" not in arguments("up", "dev", simulated=True, keep_going=False)


@pytest.mark.parametrize("operation", ["up", "destroy", "refresh"])
@pytest.mark.parametrize("stack", ["production", "dev"])
def test_a_stack_of_real_machines_lets_the_engine_show_its_preview_and_ask(operation: str, stack: str) -> None:
    assert not {"--yes", "--skip-preview"} & set(arguments(operation, stack, simulated=False))


def test_a_person_who_agreed_to_a_preview_is_not_shown_it_again() -> None:
    assert {"--yes", "--skip-preview"} <= set(arguments("up", "production", simulated=False, agreed=True))


def test_an_up_asks_where_something_is_real_and_nobody_has_agreed_yet() -> None:
    assert asks([], simulated=False)
    assert not asks([], simulated=True)
    assert not asks(["--yes"], simulated=False)
    assert not asks(["--target", "x", "--skip-preview"], simulated=False)


def test_the_engine_asks_for_a_passphrase_that_no_variable_holds() -> None:
    assert may_ask_for_a_passphrase({"encryptionsalt": "v1:x"}, {})
    assert not may_ask_for_a_passphrase({"encryptionsalt": "v1:x"}, {"PULUMI_CONFIG_PASSPHRASE": ""})
    assert not may_ask_for_a_passphrase({"secretsprovider": "gcpkms://x"}, {})


def test_only_an_up_has_something_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["destroy", "dev", "--plain"]) == 1
    assert "what an `up` shows" in capsys.readouterr().err


def test_a_preview_gets_no_option_that_only_a_change_knows() -> None:
    assert arguments("preview", "dev", simulated=True) == ["preview", "--stack", "dev", "--parallel", "16"]


@pytest.mark.parametrize(("machines", "at_once"), [(3, "16"), (16, "16"), (100, "100")])
def test_steps_that_wait_for_their_turn_keep_no_machine_from_going_on(machines: int, at_once: str) -> None:
    words = arguments("up", "dev", simulated=True, machines=machines)
    assert words[words.index("--parallel") + 1] == at_once


def test_the_engine_writes_its_events_down_whatever_a_person_has_set() -> None:
    assert environment("dev", {"PULUMI_DEBUG_COMMANDS": "false"})["PULUMI_DEBUG_COMMANDS"] == "true"


def test_a_persons_own_options_come_last_so_that_they_win() -> None:
    assert arguments("up", "dev", ["--parallel", "2"], simulated=True)[-2:] == ["--parallel", "2"]


def test_the_dev_stack_has_an_empty_passphrase_and_downloads_no_plug_in() -> None:
    filled = environment("dev", {"PATH": "/bin"})
    assert filled["PULUMI_CONFIG_PASSPHRASE"] == ""
    assert filled["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_no_other_stack_gets_a_passphrase() -> None:
    assert "PULUMI_CONFIG_PASSPHRASE" not in environment("production", {})


def test_a_passphrase_of_ones_own_stays() -> None:
    assert environment("dev", {"PULUMI_CONFIG_PASSPHRASE": "x"})["PULUMI_CONFIG_PASSPHRASE"] == "x"
    assert "PULUMI_CONFIG_PASSPHRASE" not in environment("dev", {"PULUMI_CONFIG_PASSPHRASE_FILE": "f"})


def test_the_backend_that_a_stack_names_comes_before_the_projects_and_after_a_persons(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT.format(url="file://."))
    named = environment("production", {"PULUMI_BACKEND_URL": ""}, "file://kept")
    assert Backend.of(tmp_path, named).folder == tmp_path / "kept"
    own = environment("production", {"PULUMI_BACKEND_URL": "file://own"}, "file://kept")
    assert Backend.of(tmp_path, own).folder == tmp_path / "own"
    assert "PULUMI_BACKEND_URL" not in environment("dev", {})


@pytest.mark.parametrize(
    ("url", "folder"),
    [("file://.", "."), ("file://state", "state"), ("file:///srv/state?no_tmp_dir=true", "/srv/state")],
)
def test_the_folder_of_the_state_is_read_from_the_project(tmp_path: Path, url: str, folder: str) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT.format(url=url))
    assert Backend.of(tmp_path, {}).folder == tmp_path / folder


def test_the_backend_of_the_environment_wins_and_a_bucket_has_no_folder(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT.format(url="file://."))
    backend = Backend.of(tmp_path, {"PULUMI_BACKEND_URL": "s3://bucket"})
    assert backend.folder is None
    assert backend.locks("production") == ()
    assert backend.checkpoint("production") is None


def _pulumi(folder: Path, script: str) -> PulumiCli:
    program = folder / "pulumi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return PulumiCli(folder, {"PATH": f"{folder}:/usr/bin:/bin"})


@pytest.mark.parametrize("operation", ["up", "preview"])
def test_nothing_is_rolled_out_from_a_path_the_tools_cannot_carry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], operation: str
) -> None:
    monkeypatch.setattr(command_line, "_ROOT", tmp_path / "my fleet")
    assert command_line.main([operation, "dev"]) == 1
    assert "it holds ' '" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_engines_exit_code_is_passed_on(tmp_path: Path) -> None:
    assert _pulumi(tmp_path, "exit 7").run(["up"]) == 7
    assert _pulumi(tmp_path, "kill -9 $$").run(["up"]) == 137


def test_a_failed_inner_command_is_refused_in_the_engines_words(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="`pulumi stack export` failed: error: incorrect passphrase"):
        _pulumi(tmp_path, "echo error: incorrect passphrase >&2; exit 255").output(["stack", "export", "--stack", "x"])


def test_what_the_engine_prints_can_go_to_a_file_while_something_else_is_looked_at(tmp_path: Path) -> None:
    looks: list[int] = []
    with (tmp_path / "log").open("w") as file:
        engine = _pulumi(tmp_path, "echo out; echo err >&2; sleep 0.7")
        assert engine.run(["up"], output=file, meanwhile=lambda: looks.append(1)) == 0
    assert (tmp_path / "log").read_text() == "out\nerr\n"
    assert looks


def test_a_request_to_end_reaches_the_engine_and_is_waited_for(tmp_path: Path) -> None:
    ready, ended = tmp_path / "ready", tmp_path / "ended"
    _pulumi(tmp_path, f"trap 'touch {ended}; exit 3' TERM; touch {ready}; while :; do sleep 0.01; done")
    program = (
        "import sys; from pathlib import Path; from fediversity.rollout.pulumi_cli import PulumiCli\n"
        f"sys.exit(PulumiCli(Path({str(tmp_path)!r}), {{'PATH': {f'{tmp_path}:/usr/bin:/bin'!r}}}).run(['up']))"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as child:
        deadline = time.monotonic() + 20
        while not ready.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        child.send_signal(signal.SIGTERM)
        try:
            assert child.wait(20) == 3
        finally:
            child.kill()
    assert ended.exists()


def test_the_summary_counts_what_the_stack_has_by_package() -> None:
    resources = [
        {"urn": "a", "type": "pulumi:pulumi:Stack"},
        {"urn": "b", "type": "pulumi:providers:hcloud", "custom": True},
        {"urn": "c", "type": "hcloud:index/server:Server", "custom": True},
        {"urn": "d", "type": "hcloud:index/server:Server", "custom": True, "delete": True},
        {"urn": "e", "type": "command:local:Command", "custom": True},
        {"urn": "f", "type": "fediversity:components:Machine"},
    ]
    assert summary("dev", {"resources": resources}) == ["dev has 2 resources: 1 command, 1 hcloud"]
    assert summary("dev", {}) == ["dev is empty"]


def test_an_up_is_refused_when_the_simulated_machines_were_removed_by_hand(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT.format(url="file://."))
    backend = Backend.of(tmp_path, {})
    checkpoint = tmp_path / ".pulumi" / "stacks" / "fediversity" / "dev.json"
    checkpoint.parent.mkdir(parents=True)
    engine = PulumiCli(tmp_path, {})
    for resources in ([], [{"type": "pulumi:pulumi:Stack"}]):
        checkpoint.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
        with switching_on("dev", engine, backend) as switched_on:
            switched_on()
    checkpoint.write_text(json.dumps({"checkpoint": {"latest": {"resources": [{"type": "simulated:index:Site"}]}}}))
    refused = pytest.raises(RefusedError, match=r"`\./just destroy dev`, then `\./just up dev`")
    with refused, switching_on("dev", engine, backend):
        pass


def test_machines_that_cannot_be_switched_on_stop_an_up_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / ".fediversity" / "dev" / "cloud").mkdir(parents=True)
    (tmp_path / "fediversity").mkdir()
    (tmp_path / "fediversity" / "__init__.py").touch()
    (tmp_path / "fediversity" / "embedded_cloud.py").write_text("import sys; sys.exit('no room on the disk')\n")
    engine, backend = PulumiCli(tmp_path, {}), Backend(tmp_path, "fediversity", tmp_path)
    with switching_on("dev", engine, backend) as switched_on, pytest.raises(RefusedError, match="no room on the disk"):
        switched_on()


def test_other_end_points_of_google_keep_its_plug_in_from_asking_the_real_one_for_regions() -> None:
    elsewhere = Endpoints({"gcp": {"compute": "http://127.0.0.1:8082/compute/v1/"}})
    name = "PULUMI_GCP_SKIP_REGION_VALIDATION"
    assert environment("production", {}, endpoints=elsewhere)[name] == "true"
    assert environment("production", {name: "false"}, endpoints=elsewhere)[name] == "false"
    assert name not in environment("production", {}, endpoints=Endpoints({"hcloud": {"": "http://127.0.0.1:8081/v1"}}))
