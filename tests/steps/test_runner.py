"""`fediversity-step` as Pulumi starts it: its output, its records, and its exit status."""

import json
import os
import resource
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.machines import SYSTEM, Network, answers
from tests.steps.site import RUNNER, Site, is_alive

AGE_KEY = "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2
KEY_LINE = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ"
PRIVATE_KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\\n{KEY_LINE}\\n-----END OPENSSH PRIVATE KEY-----"
TOKEN = "hcloud-token-without-any-form"
PASSPHRASE = "correct horse battery staple"


def test_a_step_that_ends_well_prints_one_line_of_json(site: Site) -> None:
    site.script("tool", "echo progress; echo trouble >&2")

    ended = site.vars_step()

    assert (ended.status, ended.stderr) == (0, "")
    assert ended.stdout.count("\n") == 1
    said = json.loads(ended.stdout)
    assert set(said) == {"step", "outcome", "reason", "log"}
    assert (said["step"], said["outcome"], said["reason"]) == ("fleet-vars", "applied", "every machine has its vars")
    log = site.project / said["log"]
    assert log.read_text() == (
        "# $ tool --and 'its options'\nprogress\ntrouble\n# applied: every machine has its vars\n"
    )
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_ledger_says_what_was_run_and_how_it_ended(site: Site) -> None:
    site.script("tool", "exit 0")

    said = json.loads(site.vars_step(FEDIVERSITY_FINGERPRINT="0123", FEDIVERSITY_SERVER_ID="4711").stdout)

    record = site.only_record
    assert (record.step, record.kind, record.machine) == ("fleet-vars", "vars", None)
    assert (record.outcome, record.reason) == ("applied", "every machine has its vars")
    assert (record.fingerprint, record.server_id) == ("0123", "4711")
    assert record.command == "tool --and 'its options'"
    assert f".fediversity/test/{record.log}" == said["log"]
    assert record.ended_at is not None
    assert not is_alive(record.pid)


def test_the_ledger_says_which_system_an_updated_machine_runs(site: Site, network: Network) -> None:
    site.clan()
    machine = network.machine(answers())
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)

    where = ("--port", str(machine.port), "--fleet", "seed", "--identity", str(site.identity))
    command = ("clan", "machines", "update", "cinnabar")
    ended = site.run(
        *("update", "cinnabar", *where, "--", *command),
        FEDIVERSITY_ADDRESS=machine.address,
        FEDIVERSITY_SERVER_ID="4711",
    )

    assert ended.status == 0, ended.stderr
    assert (site.only_record.outcome, site.only_record.system) == ("unchanged", SYSTEM)


def test_what_the_runner_writes_can_be_read_by_its_owner_only(site: Site) -> None:
    site.script("tool", "exit 0")
    site.vars_step()

    modes = {path.name: path.stat().st_mode & 0o777 for path in site.state_dir.rglob("*") if path.is_file()}
    assert set(modes.values()) == {0o600}
    assert site.state_dir.stat().st_mode & 0o777 == 0o700


def test_a_step_that_fails_names_step_reason_advice_and_log(site: Site) -> None:
    site.script("tool", "echo building; echo 'error: no space left' >&2; exit 7")

    ended = site.vars_step()

    assert (ended.status, ended.stdout) == (1, "")
    record = site.only_record
    assert ended.stderr == (
        "fleet-vars failed: `tool --and its options …` exited with 7:\n"
        "    building\n"
        "    error: no space left\n"
        "  what to do: mend what it says; the next rollout tries again\n"
        "  by hand: .venv/bin/fediversity-step vars fleet --stack test -- tool --and 'its options'\n"
        f"  log: .fediversity/test/{record.log}\n"
    )
    assert record.outcome == "failed"
    assert (record.reason or "").startswith("`tool --and its options …` exited with 7:")
    assert "# by hand: .venv/bin/fediversity-step vars fleet" in site.log_text


def test_the_command_by_hand_has_all_that_pulumi_told_the_step(site: Site) -> None:
    site.script("tool", "exit 1")

    ended = site.vars_step(FEDIVERSITY_OPTIONS="--flake 'a b'", FEDIVERSITY_FINGERPRINT="0123")

    (line,) = (line for line in ended.stderr.splitlines() if line.startswith("  by hand: "))
    assert shlex.split(line.removeprefix("  by hand: ")) == [
        "FEDIVERSITY_FINGERPRINT=0123",
        "FEDIVERSITY_OPTIONS=--flake 'a b'",
        *(".venv/bin/fediversity-step", "vars", "fleet", "--stack", "test", "--", "tool", "--and", "its options"),
    ]


def test_a_failure_with_a_flood_of_output_keeps_its_message_short_and_whole(site: Site) -> None:
    site.script("tool", f'exec \'{sys.executable}\' -c \'print(("x" * 100_000 + "\\n") * 30, "the end"); exit(1)\'')

    ended = site.vars_step()

    assert len(ended.stderr) < 4000
    assert ended.stderr.startswith("fleet-vars failed: `tool")
    assert "the end\n  what to do: " in ended.stderr
    assert ended.stderr.endswith(f"log: .fediversity/test/{site.only_record.log}\n")
    assert len(site.only_record.reason or "") < 4000


def test_a_long_line_on_success_does_not_reach_the_plug_in(site: Site) -> None:
    site.script("tool", "head -c 200000 /dev/zero | tr '\\0' x")

    ended = site.vars_step()

    assert ended.status == 0
    assert len(ended.stdout) < 4000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vars", "fleet", "--stack", "test"], "`vars` needs a command after `--`"),
        (["reach", "cinnabar", "--stack", "test", "--", "true"], "`reach` runs no command"),
        (["explode", "cinnabar", "--stack", "test"], "invalid choice"),
        (["reach", "cinnabar"], "--stack"),
        (["reach", "cinnabar", "--stack", "test", "--port", "ssh"], "--port 'ssh': invalid int value"),
        (["reach", "cinnabar", "--stack", "test", "--class", "bsd"], "choose nixos or darwin"),
        (["reach", "cinnabar", "--stack", "test", "--colour", "red"], "option --colour not recognized"),
        (["reach", "cinnabar", "--stack", "test", "again"], "'again' is one word too many"),
        (["reach"], "a verb and its subject come first"),
        (["--stack", "test", "reach", "cinnabar"], "a verb and its subject come first"),
    ],
)
def test_wrong_usage_is_refused_and_nothing_is_written(site: Site, arguments: list[str], message: str) -> None:
    done = subprocess.run([*RUNNER, *arguments], cwd=site.project, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert message in done.stderr
    assert not (site.project / ".fediversity").exists()


def test_what_is_to_be_deployed_has_to_be_json(site: Site) -> None:
    facts = {"FEDIVERSITY_ADDRESS": "192.0.2.7", "FEDIVERSITY_DEPLOYMENT": "{no"}
    ended = site.run("apply", "social", "--machine", "cinnabar", "--", "nixops4", **facts)

    assert (ended.status, ended.stderr) == (2, "fediversity-step: FEDIVERSITY_DEPLOYMENT is not JSON\n")


def test_a_ledger_that_cannot_be_written_is_a_clear_failure(site: Site) -> None:
    site.script("tool", "touch ran")
    (site.state_dir / "ledger.sqlite").mkdir(parents=True)

    ended = site.vars_step()

    assert ended.status == 1
    assert "fleet-vars failed: the ledger or the log cannot be written" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (site.project / "ran").exists(), "a step that cannot be recorded must not run"


def test_a_defect_of_the_runner_is_recorded_and_told_without_a_traceback(site: Site) -> None:
    # The var is there, but where its host key would be pinned stands a file.
    site.clan(vars_={"cinnabar/openssh/ssh.id_ed25519.pub": "ssh-ed25519 AAAA"})
    site.state_dir.mkdir(parents=True)
    site.known_hosts.touch()

    ended = site.run("online", "cinnabar", FEDIVERSITY_ADDRESS="127.0.0.1")

    assert ended.status == 1
    assert ended.stderr.startswith("cinnabar-online failed: FileExistsError")
    assert "Traceback" not in ended.stderr
    assert "Traceback" in site.log_text
    assert site.only_record.outcome == "failed"


def test_pulumi_s_variables_are_not_handed_to_tools(site: Site) -> None:
    site.script("tool", "env")

    site.vars_step(PULUMI_CONFIG_PASSPHRASE="the stack's own", PULUMI_COMMAND_STDOUT="{}", EDITOR="vi")

    assert "PULUMI" not in site.log_text
    assert "EDITOR=vi\n" in site.log_text
    assert "FEDIVERSITY_STACK=test\n" in site.log_text
    assert f"FEDIVERSITY_STATE_DIR={site.state_dir}\n" in site.log_text


def test_stand_ins_come_first_on_path_only_if_the_step_is_simulated(site: Site) -> None:
    site.script("tool", "echo the real one")
    stand_ins = site.project / "fediversity" / "embedded_cloud" / "bin"
    stand_ins.mkdir(parents=True)
    (stand_ins / "tool").write_text("#!/bin/sh\necho the simulated one\n")
    (stand_ins / "tool").chmod(0o755)

    site.vars_step("--simulated")
    site.vars_step()

    assert [line for line in site.log_text.splitlines() if line.startswith("the")] == [
        "the simulated one",
        "the real one",
    ]


def test_no_secret_is_said_or_written_anywhere(site: Site) -> None:
    site.script(
        "tool",
        f"""echo "a key {AGE_KEY}"; printf '{PRIVATE_KEY}\\n'; echo "{TOKEN} and" "$MY_PASSPHRASE"
        printf '{PRIVATE_KEY[:60]}'; sleep 0.3; printf '{PRIVATE_KEY[60:]}\\n'
        echo "last words: $HCLOUD_TOKEN" >&2; exit 1""",
    )

    ended = site.run(
        "vars", "fleet", "--", "tool", "--key", AGE_KEY, TOKEN, HCLOUD_TOKEN=TOKEN, MY_PASSPHRASE=PASSPHRASE
    )

    written = [path.read_bytes().decode(errors="replace") for path in site.state_dir.rglob("*") if path.is_file()]
    assert len(written) >= 2
    for text in (ended.stdout, ended.stderr, *written):
        for secret in (AGE_KEY, KEY_LINE, TOKEN, PASSPHRASE):
            assert secret not in text
    assert "last words: [redacted]" in ended.stderr
    assert "[redacted]" in site.only_record.command


def test_the_exit_status_of_help_is_0(site: Site) -> None:
    done = subprocess.run([*RUNNER, "--help"], cwd=site.project, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert done.stdout.startswith("usage: fediversity-step")


def test_the_runner_imports_nothing_heavy() -> None:
    text = "import sys, fediversity.steps.main; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)

    heavy = {"pulumi", "pydantic", "yaml", "asyncssh", "asyncio", "rich", "grpc", "django"}
    heavy |= {"argparse", "socket", "traceback", "http.client", "logging", "tempfile"}
    assert not heavy & set(done.stdout.split())


def test_the_runner_starts_in_less_than_150_milliseconds_of_processor_time() -> None:
    # Installed programs have their bytecode.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def cost(*command: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # A busy computer counts more for the same work. Python with what the runner needs of its library takes 60 ms on one
    # that is not, so there this is the same limit.
    library = "import ctypes, dataclasses, getopt, json, pathlib, selectors, shlex, sqlite3, subprocess, typing"
    cost(*RUNNER, "--help")
    tries = [(cost(sys.executable, "-c", library), cost(*RUNNER, "--help")) for _ in range(7)]
    usual, runner = (min(costs) for costs in zip(*tries, strict=True))
    assert runner < max(0.15, 2.5 * usual)


def test_the_runner_loads_neither_pulumi_nor_the_models() -> None:
    code = "import sys, fediversity.steps.main; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"pulumi", "pulumi_command", "pydantic", "yaml", "rich", "ssl", "grpc"} & set(done.stdout.split())


def test_what_the_runner_itself_adds_to_a_step_is_short(site: Site, tmp_path: Path) -> None:
    site.script("tool", f"date +%s.%N >'{tmp_path}/ran'")
    begun = time.time()

    assert site.vars_step().status == 0

    ended = time.time()
    assert ended - float((tmp_path / "ran").read_text()) < 2.0, "the runner does not notice that its tool has ended"
    assert ended - begun < 10.0


def test_with_debugging_the_log_has_every_command_without_secrets(site: Site) -> None:
    site.script("tool", "echo progress")

    ended = site.vars_step(FEDIVERSITY_DEBUG="1", HCLOUD_TOKEN=TOKEN, PLAIN="value-of-the-environment")

    assert (ended.status, ended.stderr) == (0, "")
    log = (site.project / json.loads(ended.stdout)["log"]).read_text()
    assert "# runs tool --and 'its options'" in log
    assert "value-of-the-environment" not in log


def test_with_debugging_a_failed_step_has_its_traceback_in_the_log_and_the_same_reason(site: Site) -> None:
    site.script("tool", "echo no space left >&2; exit 3")

    plain = site.vars_step()
    debugged = site.vars_step(FEDIVERSITY_DEBUG="1")

    first, second = (site.ledger.records()[number] for number in (0, 1))
    assert (plain.status, debugged.status) == (1, 1)
    assert first.reason == second.reason
    log = (site.state_dir / str(second.log)).read_text()
    assert "# Traceback (most recent call last):" in log
    assert "Traceback" not in (site.state_dir / str(first.log)).read_text()
    assert "Traceback" not in debugged.stderr
