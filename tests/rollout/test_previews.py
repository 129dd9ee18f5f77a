"""Real stacks previewed with simulated plug-ins, in a fresh checkout, without a network. With the real engine."""

import subprocess
import sys
from dataclasses import replace

import pytest

from fediversity.fleet.flake_copies import copied_files
from fediversity.fleet.load import load_fleet
from fediversity.planning.build import make_plan
from fediversity.project.origin import RolloutOrigin
from tests.rollout.checkout import PROJECT, Checkout, Done

pytestmark = pytest.mark.engine

DUMMY = "a-token-that-nobody-must-see"
APART = ("unshare", "--user", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "apart")
"""Starts a command where there is no network but the loopback; not every computer lets one."""


def without_network() -> tuple[str, ...]:
    try:
        done = subprocess.run([*APART, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return ()
    return APART if done.returncode == 0 else ()


def knowing(checkout: Checkout, **variables: str) -> Checkout:
    """The same checkout with more in its environment."""
    return replace(checkout, environment={**checkout.environment, **variables})


def just(checkout: Checkout, operation: str, stack: str, *options: str, prefix: tuple[str, ...] = ()) -> Done:
    """What `./just OPERATION STACK` starts."""
    return checkout.run(*prefix, sys.executable, "-m", "fediversity.cli.main", operation, stack, *options)


@pytest.mark.parametrize("stack", ["production", "staging"])
def test_a_real_stack_is_previewed_as_a_whole_without_credentials_network_or_traces(
    checkout: Checkout, stack: str
) -> None:
    before = checkout.files()
    options = ("--plugins", "local", "--color=never", "--non-interactive")
    told = knowing(checkout, HCLOUD_TOKEN=DUMMY, GOOGLE_CREDENTIALS=DUMMY)

    done = just(told, "preview", stack, *options, prefix=without_network())

    output = checkout.must(done)
    assert "simulated plug-ins: no cloud is asked" in output
    fleet = load_fleet(PROJECT / "stacks" / f"{stack}.yaml")
    steps = make_plan(fleet, dict.fromkeys(fleet.machines, ""), RolloutOrigin(stack)).by_name
    assert {name for name in steps if f"command:local:Command {name} create" not in output} == set()
    assert {name for name in fleet.enabled_machines if f"{name}-clan create" not in output} == set()
    assert "error" not in output
    assert "the fleet costs " in output
    assert "compared with what is deployed" not in output, "nobody has looked at what is deployed"
    assert DUMMY not in output
    copies = {f"nix/validation/{path}" for path in copied_files(checkout.root / "nix" / "validation")}
    assert {path: file for path, file in checkout.files().items() if path not in copies - before.keys()} == before
    assert not (checkout.root / ".pulumi" / "stacks").exists()
    assert checkout.processes() == []


@pytest.mark.parametrize("operation", ["up", "refresh", "destroy"])
def test_whatever_would_change_something_is_refused_in_one_line(checkout: Checkout, operation: str) -> None:
    done = just(checkout, operation, "production", "--plugins", "local")

    assert done.status == 1
    (line,) = done.output.splitlines()
    assert "with simulated plug-ins the real stack production can only be previewed" in line


def test_a_stack_that_nobody_made_yet_is_told_with_the_ways_to_make_it(checkout: Checkout) -> None:
    done = just(checkout, "up", "production")

    assert done.status == 1
    assert "stack production does not exist in this project's backend; nothing was changed" in done.output
    assert "./just pulumi stack init production --secrets-provider=passphrase" in done.output
    assert "fediversity state init production --bucket" in done.output


def test_a_missing_official_plug_in_is_one_clear_error(checkout: Checkout) -> None:
    done = just(checkout, "preview", "production", "--plugins", "official")

    assert done.status == 1
    assert "official plug-ins that the stack production needs are not installed; nothing was changed" in done.output
    for plug_in in ("hcloud 1.43.3", "gcp 10.2.0", "command 1.2.1"):
        assert f"./just pulumi plugin install resource {plug_in}" in done.output
    assert "./just preview production --plugins local" in done.output


def test_an_engine_started_by_hand_makes_nothing_with_simulated_plug_ins_either(checkout: Checkout) -> None:
    checkout.must(checkout.pulumi("stack", "init", "staging", "--no-select"))

    told = knowing(checkout, FEDIVERSITY_PLUGINS="local")
    done = told.pulumi("up", "--stack", "staging", "--yes", "--skip-preview")

    assert done.status != 0
    assert "with simulated plug-ins a real stack can only be previewed; nothing was declared" in done.output
    exported = checkout.must(checkout.pulumi("stack", "export", "--stack", "staging"))
    assert "hcloud" not in exported


def test_a_credential_that_is_missing_is_one_clear_error_before_anything_is_declared(checkout: Checkout) -> None:
    done = knowing(checkout, HCLOUD_TOKEN="").pulumi("preview", "--stack", "staging")

    assert done.status != 0
    assert "1 credential is missing; nothing was declared" in done.output
    assert "fediversity:credentials.hcloud: looked for" in done.output
    assert "./just pulumi config set --secret hcloud:token --stack staging" in done.output
    assert "HetznerMachine" not in done.output
