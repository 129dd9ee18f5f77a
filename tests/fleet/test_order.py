"""Who waits for whom: `after:` resolved, the mesh's controller first, the deploying machine last."""

import itertools
import random

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.graph import find_cycle
from fediversity.fleet.load import parse_fleet
from fediversity.fleet.model import Fleet
from fediversity.fleet.order import controllers, machine_waits, mesh_controllers, resolve_after, shared_mesh
from tests.fleet.good import GOOD, edited


def good(text: str = GOOD) -> Fleet:
    return parse_fleet(text, "fleet.yaml")


def generated(seed: int) -> str:
    """A fleet of NixOS machines with a mesh and edges by name and by tag, as the seed has it."""
    chance = random.Random(seed)  # noqa: S311 (what is wanted is the same chance each time)
    names = [f"m{number}" for number in range(chance.randrange(2, 7))]
    lines = ["version: 1", "name: generated", "domain: mesh", "machines:"]
    for number, name in enumerate(names):
        after = chance.sample([other for other in names if other != name] + ["tag:even", "tag:all"], k=2)
        lines += [
            f"  {name}:",
            "    machineClass: nixos",
            "    system: x86_64-linux",
            f"    enabled: {'true' if number == 0 or chance.random() < 0.8 else 'false'}",
            f"    tags: [{'even' if number % 2 == 0 else 'odd'}]",
            f"    provider: {{kind: existing, host: {name}.example}}",
            f"    after: {after if chance.random() < 0.4 else []}",
        ]
    lines += ["instances:", "  roots:", "    module: zerotier", "    roles:"]
    lines += ["      controller: {machines: [m0]}", f"      peer: {{tags: [{chance.choice(['odd', 'even', 'all'])}]}}"]
    lines += ["  doors: {module: sshd, roles: {server: {tags: [nixos]}}}"]
    if chance.random() < 0.5:
        lines.append(f"deploying_machine: {chance.choice(names)}")
    return "\n".join(lines)


def test_after_names_machines_and_tags_without_the_machine_itself() -> None:
    fleet = good()
    assert resolve_after(fleet, "ash", ["tag:cloud", "moss"]) == {"oak", "elm", "moss"}
    assert resolve_after(fleet, "oak", ["tag:cloud"]) == {"elm"}
    assert resolve_after(fleet, "oak", ["tag:all"]) == {"elm", "ash", "moss", "fern"}


def test_nothing_waits_for_a_machine_that_is_switched_off() -> None:
    assert resolve_after(good(), "oak", ["yew", "tag:spare"]) == frozenset()


def test_the_controller_of_a_mesh_is_the_machine_with_the_role() -> None:
    assert controllers(good()) == {"roots": "oak"}


def test_a_wireguard_controller_is_no_mesh_controller() -> None:
    assert "cables" in good().instances
    assert "cables" not in controllers(good())


def test_peers_and_the_macs_of_a_mesh_wait_for_its_controller_and_others_do_not() -> None:
    assert mesh_controllers(good()) == {
        "oak": frozenset(),
        "elm": {"oak"},
        "ash": {"oak"},
        "moss": {"oak"},
        "fern": frozenset(),
    }


def test_a_machine_waits_for_the_peers_that_its_checks_ask_for() -> None:
    fleet = good(edited("{peer: oak, timeout: 90}", "{peer: ash}", edited("    after: ['tag:cloud']\n", "")))
    assert "ash" in machine_waits(fleet)["elm"]
    assert (shared_mesh(fleet, "elm", "ash"), shared_mesh(fleet, "elm", "fern")) == ("roots", None)


def test_the_deploying_machine_waits_for_all_others() -> None:
    assert machine_waits(good())["fern"] == {"oak", "elm", "ash", "moss"}


def test_a_deploying_machine_that_is_switched_off_waits_for_nobody() -> None:
    text = edited("  fern:\n", "  fern:\n    enabled: false\n")
    assert "fern" not in machine_waits(good(text))


def test_a_fleet_that_loads_has_no_cycle_and_one_that_has_one_is_refused_by_its_members() -> None:
    fleets, refusals = [], []
    for seed in range(150):
        try:
            fleets.append(good(generated(seed)))
        except FleetError as refused:
            refusals.append(refused)
    assert min(len(fleets), len(refusals)) > 20, "both kinds are there"
    for fleet in fleets:
        waits = machine_waits(fleet)
        assert find_cycle(waits) is None
        assert set().union(*waits.values()) <= set(waits) == set(fleet.enabled_machines)
    for problem in itertools.chain.from_iterable(refused.problems for refused in refusals):
        assert problem.what.startswith("a cycle: ")
        first, *others = problem.what.removeprefix("a cycle: ").split(" waits for ")
        assert len(others) > 1
        assert others[-1] == first
