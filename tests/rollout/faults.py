"""What the tests of faults share: a small fleet, and what its machines run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fediversity.ledger.records import StepRecord
from tests.rollout.checkout import Checkout, Done

SERVER = "electrum"
FAST = {"FEDIVERSITY_PATIENCE": "0.03"}


def keep_small(fleet: dict[str, Any]) -> None:
    """The mesh's controller, a server and a Mac, none of them encrypted: a rollout of a few seconds."""
    names = {"cinnabar", SERVER, "blackphos"}
    fleet["machines"] = {name: machine for name, machine in fleet["machines"].items() if name in names}
    for machine in fleet["machines"].values():
        machine.pop("disk", None)
        machine.pop("after", None)
        machine.pop("enabled", None)
    del fleet["deploying_machine"], fleet["deployments"], fleet["buckets"], fleet["dns"]


def roll_out(checkout: Checkout, *options: str) -> Done:
    """An `up` of the fleet as its files are now, with little patience."""
    checkout.must(checkout.run("fediversity", "render", "dev"))
    impatient = Checkout(checkout.root, checkout.environment | FAST)
    return impatient.just("up", *options)


def append(checkout: Checkout, machine: str) -> None:
    """Changes a machine's module, as an edit would."""
    path = checkout.root / f"nix/modules/machines/{machine}.nix"
    path.write_text(path.read_text() + "\n# changed by a test\n")


def steps_of(checkout: Checkout, action: Callable[[], object]) -> list[StepRecord]:
    """What an action added to the ledger."""
    before = len(checkout.records()) if (checkout.stack_dir / "ledger.sqlite").exists() else 0
    action()
    return list(checkout.records()[before:])


def root_of(checkout: Checkout, machine: str) -> Path:
    return checkout.stack_dir / "cloud" / "machines" / str(checkout.machines()[machine]["id"]) / "root"


def running(checkout: Checkout, machine: str) -> str:
    """The system a machine runs."""
    return str((root_of(checkout, machine) / "run/current-system").readlink())


def boot_default(checkout: Checkout, machine: str) -> str:
    """The system a machine boots next."""
    root = root_of(checkout, machine)
    if checkout.machines()[machine]["provider"] == "host":
        link = root / "nix/var/nix/profiles/system"
        return str((link.parent / link.readlink()).readlink())
    return (root / "boot/default-system").read_text().strip()
