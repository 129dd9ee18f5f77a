"""What holds for the plan of any fleet, tried on many generated ones.

The order of steps (docs/architecture.md) is stated a second time here, in the plainest way: as all edges, implied too.
"""

import json
import random
import time
from collections.abc import Mapping
from typing import Any

import pytest

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.load import parse_fleet
from fediversity.fleet.model import Fleet
from fediversity.planning.steps import Plan, PlanError
from tests.planning.samples import mac, plan_of, server, unchecked

SEEDS = range(12)
LARGEST = 100
SECONDS_FOR_THE_LARGEST = 1.0


def generated(seed: int, count: int | None = None) -> dict[str, Any]:
    """A fleet without cycles, as plain data: a machine only ever waits for those before it."""
    chance = random.Random(seed)  # noqa: S311 (the same fleet each time is the point)
    count = count or chance.randint(1, LARGEST)
    names = [f"m{number:03}" for number in range(count)]
    machines: dict[str, Any] = {}
    for number, name in enumerate(names):
        fields: dict[str, Any] = {"tags": [f"wave-{number * 5 // count}"], "enabled": chance.random() > 0.1}
        earlier = names[:number]
        fields["after"] = chance.sample(earlier, min(len(earlier), chance.choice([0, 0, 1, 2, 5])))
        if chance.random() < 0.2 and number * 5 // count > 0:
            fields["after"].append(f"tag:wave-{number * 5 // count - 1}")
        if number == 0 or chance.random() < 0.4:
            machines[name] = server(**fields, disk={"encrypted": chance.random() < 0.5})
        elif chance.random() < 0.5:
            machines[name] = server(**fields) | {"provider": {"kind": "existing", "host": f"203.0.113.{number}"}}
        else:
            machines[name] = mac(f"{name}.mesh", **fields, mesh=chance.choice([None, "mesh"]))
    machines[names[0]]["enabled"] = True
    roles = {"controller": {"machines": [names[0]]}, "peer": {"tags": ["nixos"]}}
    enabled = [name for name in names if machines[name]["enabled"]]
    deployments = {
        f"app{number}": {
            "application": "peertube",
            "machine": chance.choice(enabled[:-1] or enabled),
            "domain": f"app{number}.example",
            "initial_user": {"username": "operator", "display_name": "O", "email": "o@fleet.example"},
            "after": chance.sample(enabled[:-1], min(len(enabled) - 1, chance.choice([0, 1]))),
        }
        for number in range(chance.randint(0, 4))
    }
    last = enabled[-1] if len(enabled) > 1 and enabled[-1] == names[-1] else None
    doors = {"module": "sshd", "roles": {"server": {"tags": ["nixos"]}}}
    instances = {"mesh": {"module": "zerotier", "roles": roles}, "doors": doors}
    data = {"machines": machines, "instances": instances, "deployments": deployments}
    return data | ({"deploying_machine": last} if last else {})


def all_edges(data: Mapping[str, Any]) -> dict[str, set[str]]:
    """For each step everything the rules say it waits for."""
    machines = {name: entry for name, entry in data["machines"].items() if entry["enabled"]}
    hub, last = next(iter(data["machines"])), data.get("deploying_machine")
    edges: dict[str, set[str]] = {"fleet-vars": set()}
    for name, entry in machines.items():
        installed = entry["provider"]["kind"] == "hetzner"
        chain = [
            "reach",
            *(["install"] if installed else []),
            *(["unlock"] if installed and entry["disk"]["encrypted"] else []),
            *(["online"] if installed else []),
            *(["join"] if entry.get("mesh") else []),
            "update",
        ]
        edges |= {f"{name}-{kind}": {f"{name}-{before}" for before in chain[:at]} for at, kind in enumerate(chain)}
        waits = {f"{other}-update" for other in _meant(machines, name, entry["after"])}
        for kind in {"install", "join", "update"} & set(chain):
            edges[f"{name}-{kind}"] |= waits
        for kind in {"install", "update"} & set(chain):
            edges[f"{name}-{kind}"].add("fleet-vars")
        if name != hub and entry["machineClass"] == "nixos":
            edges[f"{name}-update"].add(f"{hub}-update")
        if entry.get("mesh"):
            edges[f"{name}-join"].add(f"{hub}-update")
    for name, entry in data["deployments"].items():
        edges[f"{name}-apply"] = {f"{entry['machine']}-update"} | {f"{other}-update" for other in entry["after"]}
    if last:
        others = {f"{name}-update" for name in machines if name != last}
        elsewhere = {f"{name}-apply" for name, entry in data["deployments"].items() if entry["machine"] != last}
        edges[f"{last}-update"] |= others | elsewhere
    return edges


def _meant(machines: Mapping[str, Any], name: str, after: list[str]) -> set[str]:
    tags = {entry.removeprefix("tag:") for entry in after if entry.startswith("tag:")}
    tagged = {other for other, entry in machines.items() if tags & set(entry["tags"])} - {name}
    return tagged | (set(after) & set(machines))


def closure(edges: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    """Everything each step waits for, directly or not."""
    found: dict[str, frozenset[str]] = {}

    def everything_before(name: str) -> frozenset[str]:
        if name not in found:
            found[name] = frozenset(edges[name]).union(*(everything_before(other) for other in edges[name]))
        return found[name]

    for name in edges:
        everything_before(name)
    return found


def edges_of(plan: Plan) -> dict[str, set[str]]:
    """What each step of a plan waits for."""
    return {step.name: set(step.after) for step in plan}


def fleet_of(data: dict[str, Any]) -> Fleet:
    """The fleet that plain data describe."""
    return unchecked(data)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_lets_a_step_wait_for_exactly_what_the_rules_say(seed: int) -> None:
    data = generated(seed)
    assert closure(edges_of(plan_of(fleet_of(data)))) == closure(all_edges(data))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_edge_of_a_plan_is_implied_by_others(seed: int) -> None:
    edges = edges_of(plan_of(fleet_of(generated(seed))))
    before = closure(edges)
    for name, waits in edges.items():
        for one in waits:
            assert not any(one in before[other] for other in waits - {one}), f"{name} waits for {one} anyway"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_fleet_gives_the_same_plan(seed: int) -> None:
    data = generated(seed)
    assert plan_of(fleet_of(data)) == plan_of(fleet_of(json.loads(json.dumps(data))))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_a_file_changes_no_step(seed: int) -> None:
    data = generated(seed)
    shuffled = dict(data)
    for section in ("machines", "deployments"):
        entries = list(data[section].items())
        random.Random(seed).shuffle(entries)  # noqa: S311 (the same order each time is the point)
        shuffled[section] = dict(entries)
    one, other = plan_of(fleet_of(data)), plan_of(fleet_of(shuffled))
    assert one.by_name == other.by_name


def test_generated_fleets_are_large_and_of_many_kinds() -> None:
    plans = [plan_of(fleet_of(generated(seed))) for seed in SEEDS]
    assert {step.kind for plan in plans for step in plan} == {
        *("vars", "reach", "install", "unlock", "online", "join", "update", "apply")
    }
    assert max(len(plan.steps) for plan in plans) > 2 * LARGEST


def test_a_hundred_machines_are_planned_within_a_second() -> None:
    fleet = fleet_of(generated(1, LARGEST))
    began = time.process_time()
    plan = plan_of(fleet)
    took = time.process_time() - began
    assert len(plan.steps) > 2 * LARGEST
    assert took < SECONDS_FOR_THE_LARGEST, f"{took:.2f} s of processor time"


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_cannot_be_planned_is_refused_when_it_is_loaded(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (the same fleet each time is the point)
    for _ in range(20):
        data = generated(chance.randint(0, 10**6), chance.randint(2, 8))
        tangle(data, chance)
        try:
            plan_of(fleet_of(data))
        except PlanError:
            with pytest.raises(FleetError, match=r"a cycle: |a machine after itself"):
                parse_fleet(json.dumps({"version": 1, "name": "fleet", "domain": "mesh", **data}), "fleet.json")


def tangle(data: dict[str, Any], chance: random.Random) -> None:
    """Lets anything wait for anything, and any machine be the deploying one."""
    names = list(data["machines"])
    for entry in (*data["machines"].values(), *data["deployments"].values()):
        if chance.random() < 0.2:
            entry["after"] = [chance.choice([*names, "tag:nixos", "tag:all"])]
    data["deploying_machine"] = chance.choice(names)


def test_tangled_fleets_do_come_to_cycles_with_and_without_deployments() -> None:
    kinds = set()
    for seed in range(200):
        chance = random.Random(seed)  # noqa: S311 (the same fleet each time is the point)
        data = generated(seed, chance.randint(2, 8))
        tangle(data, chance)
        try:
            plan_of(fleet_of(data))
        except PlanError as refused:
            kinds.add(any(name.endswith("-apply") for name in refused.cycle))
    assert kinds == {True, False}
