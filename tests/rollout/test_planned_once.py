"""A fleet file is read and rendered once by a command, whatever that finds out meanwhile. With the real engine."""

import json
import sys
from typing import Any

import pytest

from tests.rollout.checkout import Checkout, Done

pytestmark = pytest.mark.engine

COUNTED = """\
import json, os, sys

reads = []
sys.addaudithook(lambda event, args: reads.append(str(args[0])) if event == "open" else None)
from fediversity.fleet import fleet_json

renders = []
render = fleet_json.render
fleet_json.render = lambda fleet: renders.append(fleet.name) or render(fleet)

from fediversity.rollout.__main__ import main

status = main(sys.argv[1:])
fleet_files = [name for name in reads if name.endswith("stacks/dev.yaml")]
flake_files = [name for name in reads if name.endswith("nix/flake.nix")]
with open(os.environ["COUNTS"], "w") as file:
    json.dump({"fleet": len(fleet_files), "renders": len(renders), "flake": len(flake_files)}, file)
sys.stdout.flush()
os._exit(status)
"""
"""What `./just OPERATION dev` starts, and how often that reads and renders."""

ONCE = {"fleet": 1, "renders": 1, "flake": 1}


def counted(checkout: Checkout, *words: str) -> tuple[Done, dict[str, int]]:
    """Carries out a command and tells how often its process read the fleet file, rendered it, and read the flake."""
    counts = checkout.root.parent / "counts.json"
    knowing = Checkout(checkout.root, {**checkout.environment, "COUNTS": str(counts)})
    done = knowing.run(sys.executable, "-c", COUNTED, *words)
    return done, json.loads(counts.read_text())


def test_a_first_rollout_is_planned_once(checkout: Checkout) -> None:
    done, counts = counted(checkout, "up", "dev")
    checkout.must(done)
    assert counts == ONCE


@pytest.mark.parametrize("operation", ["preview", "up"])
def test_what_nobody_changed_is_planned_once_and_pulumi_is_asked_all_the_same(
    checkout: Checkout, operation: str
) -> None:
    done, counts = counted(checkout, operation, "dev")
    changes = checkout.changes(Done(0, checkout.must(done)))
    assert changes.keys() == {"unchanged"}
    assert changes["unchanged"] > 50
    assert counts == ONCE


def moved(fleet: dict[str, Any]) -> None:
    """A server in another place is another server."""
    fleet["machines"]["cinnabar"]["provider"]["location"] = "hel1"


def test_a_server_that_pulumi_finds_to_be_replaced_is_planned_for_without_reading_again(checkout: Checkout) -> None:
    checkout.edit_fleet(moved)
    done, counts = counted(checkout, "preview", "dev")
    output = checkout.must(done)
    assert "server of cinnabar" in output
    assert "cinnabar   new: it gets another server" in output
    assert "cinnabar-install replace" in output
    assert counts == ONCE


def test_settings_that_pulumi_is_given_count_though_another_plan_was_made(checkout: Checkout) -> None:
    plain = checkout.pulumi("preview", "--stack", "dev", "--config", "fediversity:fleet=stacks/none.yaml")
    done, _ = counted(checkout, "preview", "dev", "--config", "fediversity:fleet=stacks/none.yaml")
    for output in (plain.output, done.output):
        assert "stacks/none.yaml: cannot be read: No such file or directory" in output
    assert plain.status != 0
    assert done.status != 0
