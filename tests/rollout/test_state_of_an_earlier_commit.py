"""A stack that an earlier commit rolled out: its state and its ledger still mean the same. With the real engine."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.rollout.checkout import PROJECT, Checkout
from tests.rollout.conftest import MakeCheckout

pytestmark = pytest.mark.engine

DATA = PROJECT / "tests" / "data" / "dfcb421"
RESOURCES: list[dict[str, Any]] = json.loads((DATA / "state.json").read_text())["checkpoint"]["latest"]["resources"]


def lay_out(checkout: Checkout) -> None:
    """Puts the stack into a checkout as the earlier commit would have left it there."""
    shutil.rmtree(checkout.root / "nix")
    shutil.copytree(DATA / "checkout", checkout.root, dirs_exist_ok=True)
    state = checkout.root / ".pulumi" / "stacks" / "fediversity" / "dev.json"
    state.parent.mkdir(parents=True)
    shutil.copy(DATA / "state.json", state)
    checkout.stack_dir.mkdir(parents=True)
    with closing(sqlite3.connect(checkout.stack_dir / "ledger.sqlite")) as ledger:
        ledger.executescript((DATA / "ledger.sql").read_text().replace("{checkout}", str(checkout.root)))
    write_vars(checkout.stack_dir / "cloud" / "flake")
    # What is handed to Nix is written by whoever changed the fleet file; it is not part of what was left behind.
    checkout.must(checkout.run("fediversity", "render", "dev"))


def write_vars(folder: Path) -> None:
    """Writes the vars that the simulated clan had generated."""
    generated = json.loads((DATA / "vars.json").read_text())
    for name, text in generated["files"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, target in generated["links"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)


@pytest.fixture(scope="module")
def earlier(make_checkout: MakeCheckout) -> Checkout:
    checkout = make_checkout()
    lay_out(checkout)
    return checkout


def answer(checkout: Checkout, *words: str) -> Any:
    """What a command of `fediversity` prints for programs."""
    return json.loads(checkout.must(checkout.run("fediversity", *words, "--json")))


def recorded(query: str) -> list[tuple[Any, ...]]:
    """What the ledger says, read without any code of the project's."""
    with closing(sqlite3.connect(":memory:")) as ledger:
        ledger.executescript((DATA / "ledger.sql").read_text())
        return ledger.execute(query).fetchall()


def test_a_preview_changes_nothing(earlier: Checkout) -> None:
    done = earlier.just("preview", "--expect-no-changes")

    earlier.must(done)
    assert earlier.changes(done) == {"unchanged": len(RESOURCES)}


def test_pulumi_s_own_preview_changes_nothing(earlier: Checkout) -> None:
    done = earlier.pulumi("preview", "--stack", "dev", "--expect-no-changes")

    earlier.must(done)
    assert earlier.changes(done) == {"unchanged": len(RESOURCES)}


def test_the_status_of_every_machine_is_what_the_ledger_says(earlier: Checkout) -> None:
    applied = recorded(
        "SELECT machine, fingerprint, system, outcome FROM steps WHERE kind = 'update' "
        "AND outcome IN ('applied', 'unchanged') ORDER BY id"
    )
    probed = recorded("SELECT machine, reachable, healthy, drift FROM probes ORDER BY id")

    found = answer(earlier, "status", "dev")

    expected = {machine: facts for machine, *facts in applied}
    assert {
        entry["name"]: [entry["applied"][key] for key in ("fingerprint", "system", "outcome")]
        for entry in found["machines"]
    } == expected
    assert {machine: tuple(map(bool, facts)) for machine, *facts in probed} == dict.fromkeys(
        expected, (True, True, False)
    )
    assert {(entry["health"]["state"], entry["drift"]) for entry in found["machines"]} == {("well", False)}
    ((social,),) = recorded("SELECT fingerprint FROM steps WHERE kind = 'apply' ORDER BY id DESC LIMIT 1")
    assert [(entry["name"], entry["applied"]["fingerprint"]) for entry in found["deployments"]] == [("social", social)]


def test_every_step_that_was_recorded_is_read(earlier: Checkout) -> None:
    rows = recorded("SELECT id, step, kind, machine, server_id, outcome, system, size FROM steps ORDER BY id")
    assert {row[5] for row in rows} == {"applied", "unchanged", "rolled_back"}

    found = earlier.records()

    assert [
        (run.id, run.step, run.kind, run.machine, run.server_id, run.outcome, run.system, run.size) for run in found
    ] == rows


def test_an_edit_of_one_machine_s_module_is_the_only_change(earlier: Checkout) -> None:
    module = earlier.root / "nix" / "modules" / "machines" / "birch.nix"
    module.write_text(module.read_text() + "\n# changed by a test\n")

    done = earlier.just("preview")

    assert "birch-update" in earlier.must(done)
    # Pulumi says "1 to update".
    assert earlier.changes(done) == {"to": 1, "unchanged": len(RESOURCES) - 1}
