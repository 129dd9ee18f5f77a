"""The order of steps: every edge of a rollout by name, and what does not become a step at all."""

import pytest

from fediversity.fleet.model import Fleet
from fediversity.planning.steps import Plan, PlanError
from tests.planning.samples import dev_fleet, every_kind, mac, one_server, plan_of, server, unchecked

DEV_EDGES = {
    "fleet-vars": (),
    "cinnabar-reach": (),
    "cinnabar-install": ("cinnabar-reach", "fleet-vars"),
    "cinnabar-unlock": ("cinnabar-install",),
    "cinnabar-online": ("cinnabar-unlock",),
    "cinnabar-update": ("cinnabar-online",),
    "orb-nixos-reach": (),
    "orb-nixos-install": ("fleet-vars", "orb-nixos-reach"),
    "orb-nixos-unlock": ("orb-nixos-install",),
    "orb-nixos-online": ("orb-nixos-unlock",),
    "orb-nixos-update": ("cinnabar-update", "orb-nixos-online"),
    "blackphos-reach": (),
    "blackphos-join": ("blackphos-reach", "cinnabar-update"),
    "blackphos-update": ("blackphos-join",),
    "rosegold-reach": (),
    "rosegold-join": ("blackphos-update", "rosegold-reach"),
    "rosegold-update": ("rosegold-join",),
    "argentum-reach": (),
    "argentum-join": ("argentum-reach", "blackphos-update"),
    "argentum-update": ("argentum-join",),
    "stibnite-reach": (),
    "stibnite-join": ("argentum-update", "orb-nixos-update", "rosegold-update", "stibnite-reach"),
    "social-apply": ("orb-nixos-update",),
    "stibnite-update": ("social-apply", "stibnite-join"),
}


def edges(plan: Plan) -> dict[str, tuple[str, ...]]:
    """What each step waits for, by name."""
    return {step.name: step.after for step in plan}


def ancestors(plan: Plan, name: str) -> set[str]:
    """Everything that must have ended before a step, directly or not."""
    found: set[str] = set()
    queue = [name]
    while queue:
        for other in plan.by_name[queue.pop()].after:
            if other not in found:
                found.add(other)
                queue.append(other)
    return found


def meshed(**machines: dict[str, object]) -> Fleet:
    """A fleet whose `hub` controls a mesh that all NixOS machines are peers of."""
    roles = {"controller": {"machines": ["hub"]}, "peer": {"tags": ["nixos"]}}
    instances = {"mesh": {"module": "zerotier", "roles": roles}}
    return unchecked({"machines": {"hub": server(), **machines}, "instances": instances})


def test_the_dev_fleet_is_rolled_out_by_exactly_these_steps_and_edges() -> None:
    assert edges(plan_of(dev_fleet())) == DEV_EDGES


def test_every_step_stands_after_those_it_waits_for() -> None:
    for fleet in (dev_fleet(), every_kind(), one_server()):
        seen: set[str] = set()
        for step in plan_of(fleet):
            assert set(step.after) <= seen, f"{step.name} stands before what it waits for"
            seen.add(step.name)


def test_a_server_is_reached_installed_unlocked_and_answers_before_it_is_updated() -> None:
    kinds = [step.kind for step in plan_of(dev_fleet()).of("cinnabar")]
    assert kinds == ["reach", "install", "unlock", "online", "update"]


def test_a_server_without_encryption_is_not_unlocked() -> None:
    plan = plan_of(one_server())
    assert edges(plan)["solo-online"] == ("solo-install",)
    assert "solo-unlock" not in plan.by_name


def test_a_machine_that_somebody_else_made_is_never_installed() -> None:
    plan = plan_of(every_kind())
    assert [step.kind for step in plan.of("legacy")] == ["reach", "update"]
    assert [step.kind for step in plan.of("six")] == ["reach", "update"]


def test_a_mac_outside_the_mesh_is_reached_and_updated_and_joins_nothing() -> None:
    assert [step.kind for step in plan_of(every_kind()).of("solo")] == ["reach", "update"]


def test_vars_are_generated_once_and_before_anything_reads_them() -> None:
    for fleet in (dev_fleet(), every_kind(), one_server()):
        plan = plan_of(fleet)
        assert [step.name for step in plan if step.kind == "vars"] == ["fleet-vars"]
        for step in plan:
            if step.kind in {"install", "unlock", "online", "join", "update", "apply"}:
                assert "fleet-vars" in ancestors(plan, step.name), step.name


def test_the_controller_is_updated_before_any_peer_and_before_any_mac_joins() -> None:
    plan = plan_of(dev_fleet())
    for name in ("orb-nixos-update", "blackphos-join", "rosegold-join", "argentum-join", "stibnite-join"):
        assert "cinnabar-update" in ancestors(plan, name), name


def test_a_peer_is_installed_without_waiting_for_the_controller() -> None:
    plan = plan_of(meshed(peer=server()))
    assert "hub-update" not in ancestors(plan, "peer-online"), "installs of different servers overlap"
    assert "hub-update" in plan.by_name["peer-update"].after


def test_each_mesh_has_its_own_controller() -> None:
    instances = {
        "one": {"module": "zerotier", "roles": {"controller": {"machines": ["a"]}, "peer": {"machines": ["c"]}}},
        "two": {"module": "zerotier", "roles": {"controller": {"machines": ["b"]}, "peer": {"machines": ["c"]}}},
    }
    macs = {"x": mac("x.mesh", mesh="one"), "y": mac("y.mesh", mesh="two")}
    plan = plan_of(
        unchecked({"machines": {"a": server(), "b": server(), "c": server(), **macs}, "instances": instances})
    )
    assert plan.by_name["c-update"].after == ("a-update", "b-update", "c-online")
    assert plan.by_name["x-join"].after == ("a-update", "x-reach")
    assert plan.by_name["y-join"].after == ("b-update", "y-reach")


def test_after_a_machine_means_after_its_update_and_before_anything_is_changed() -> None:
    plan = plan_of(unchecked({"machines": {"first": server(), "second": server(after=["first"])}}))
    assert plan.by_name["second-install"].after == ("first-update", "second-reach")
    assert plan.by_name["second-reach"].after == (), "reaching a machine changes nothing"


def test_after_holds_back_a_machine_that_is_only_updated_and_a_mac_that_joins() -> None:
    existing = server(provider={"kind": "existing", "host": "203.0.113.1"}, after=["hub"])
    plan = plan_of(meshed(old=existing, first=server(), desk=mac("desk.mesh", mesh="mesh", after=["first"])))
    assert plan.by_name["old-update"].after == ("hub-update", "old-reach")
    assert plan.by_name["desk-join"].after == ("desk-reach", "first-update")


def test_after_a_tag_means_after_every_enabled_machine_that_has_it_but_itself() -> None:
    machines = {
        "a": server(tags=["edge"]),
        "b": server(tags=["edge"]),
        "off": server(tags=["edge"], enabled=False),
        "z": server(tags=["edge"], after=["tag:edge"]),
    }
    plan = plan_of(unchecked({"machines": machines}))
    assert plan.by_name["z-install"].after == ("a-update", "b-update", "z-reach")


def test_after_a_computed_tag_works_as_well() -> None:
    plan = plan_of(
        unchecked({"machines": {"a": server(), "b": server(), "desk": mac("desk.mesh", after=["tag:nixos"])}})
    )
    assert plan.by_name["desk-update"].after == ("a-update", "b-update", "desk-reach")


def test_after_a_disabled_machine_waits_for_nothing() -> None:
    plan = plan_of(unchecked({"machines": {"off": server(enabled=False), "on": server(after=["off"])}}))
    assert plan.by_name["on-install"].after == ("fleet-vars", "on-reach")


def test_a_disabled_machine_has_no_step_and_stands_in_no_command_and_no_edge() -> None:
    for fleet, name in ((dev_fleet(), "electrum"), (every_kind(), "parked")):
        plan = plan_of(fleet)
        assert plan.of(name) == ()
        for step in plan:
            assert name not in step.command
            assert not any(other.startswith(f"{name}-") for other in step.after)


def test_a_disabled_deployment_is_taken_down_by_a_step_of_its_own() -> None:
    plan = plan_of(every_kind())
    assert plan.by_name["photos-apply"].what == "take the application down"
    assert plan.by_name["video-apply"].what == "deploy the application with NixOps4"


def test_a_deployment_on_a_machine_that_is_switched_off_has_no_step() -> None:
    fleet = every_kind()
    photos = fleet.deployments["photos"].model_copy(update={"machine": "parked"})
    moved = fleet.model_copy(update={"deployments": fleet.deployments | {"photos": photos}})
    assert "photos-apply" not in plan_of(moved).by_name


def test_a_fleet_with_everything_switched_off_has_no_step() -> None:
    assert plan_of(unchecked({"machines": {"off": server(enabled=False)}})).steps == ()


def test_a_deployment_comes_after_its_machine_and_after_what_it_names() -> None:
    plan = plan_of(every_kind())
    assert {"vault-update", "legacy-update"} <= ancestors(plan, "video-apply")
    assert plan.by_name["video-apply"].machine == "vault"


def test_the_deploying_machine_is_updated_after_everything_else() -> None:
    for fleet, last in ((dev_fleet(), "stibnite-update"), (every_kind(), "laptop-update")):
        plan = plan_of(fleet)
        assert ancestors(plan, last) == set(plan.by_name) - {last}


def test_a_deployment_on_the_deploying_machine_follows_its_update() -> None:
    fleet = unchecked(
        {
            "deploying_machine": "ops",
            "machines": {"ops": server(), "web": server()},
            "deployments": {
                name: {
                    "application": "mastodon",
                    "machine": machine,
                    "domain": f"{name}.example",
                    "initial_user": {"username": "operator", "display_name": "O", "email": "o@fleet.example"},
                }
                for name, machine in (("here", "ops"), ("there", "web"))
            },
        }
    )
    plan = plan_of(fleet)
    assert "there-apply" in plan.by_name["ops-update"].after
    assert plan.by_name["here-apply"].after == ("ops-update",)


def test_a_deploying_machine_that_is_switched_off_holds_nothing_up() -> None:
    fleet = unchecked({"deploying_machine": "off", "machines": {"off": server(enabled=False), "on": server()}})
    assert "on-update" in plan_of(fleet).by_name


@pytest.mark.parametrize(
    "machines",
    [
        {"a": server(after=["a"])},
        {"a": server(after=["b"]), "b": server(after=["a"])},
        {"a": server(after=["c"]), "b": server(after=["a"]), "c": server(after=["b"])},
        {"a": server(tags=["x"], after=["tag:y"]), "b": server(tags=["y"], after=["tag:x"])},
    ],
)
def test_a_cycle_is_refused_and_names_every_machine_in_it(machines: dict[str, object]) -> None:
    with pytest.raises(PlanError) as refused:
        plan_of(unchecked({"machines": machines}))
    cycle = refused.value.cycle
    assert cycle[0] == cycle[-1]
    assert {step.partition("-")[0] for step in cycle} == set(machines)
    assert " waits for ".join(cycle) in str(refused.value)


def test_the_cycle_that_is_named_really_is_one() -> None:
    machines = {name: server(after=[after]) for name, after in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"))}
    with pytest.raises(PlanError) as refused:
        plan_of(unchecked({"machines": machines}))
    assert not any(name.startswith("d-") for name in refused.value.cycle), "d waits, but nothing waits for it"


def test_a_controller_that_waits_for_its_peer_is_refused() -> None:
    with pytest.raises(PlanError, match="hub-update"):
        plan_of(meshed(hub=server(after=["peer"]), peer=server()))


def test_whatever_waits_for_the_deploying_machine_is_refused() -> None:
    with pytest.raises(PlanError, match="ops-update"):
        plan_of(unchecked({"deploying_machine": "ops", "machines": {"ops": server(), "web": server(after=["ops"])}}))


def test_names_of_steps_are_unique_even_where_machines_and_deployments_share_a_name() -> None:
    fleet = unchecked(
        {
            "machines": {"clan": server(), "fleet": server(), "clan-clan": server()},
            "deployments": {
                name: {
                    "application": "pixelfed",
                    "machine": "fleet",
                    "domain": f"{name}.example",
                    "initial_user": {"username": "operator", "display_name": "O", "email": "o@fleet.example"},
                }
                for name in ("clan", "fleet")
            },
        }
    )
    plan = plan_of(fleet)
    assert len(plan.by_name) == len(plan.steps)
    assert plan.by_name["fleet-vars"].machine is None
    assert plan.by_name["fleet-apply"].subject == "fleet"
