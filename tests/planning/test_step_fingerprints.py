"""What makes a step run again: its fingerprint, and nothing that does not matter."""

from typing import Any

import pytest

from fediversity.fleet.deployments import Mail, Storage
from fediversity.fleet.model import Fleet
from fediversity.planning.build import make_plan
from fediversity.planning.steps import Plan, Step
from tests.planning.samples import DEV_SITE, dev_fleet, every_kind, one_server, plan_of


def changed(before: Plan, after: Plan) -> set[str]:
    """The steps whose fingerprint differs between two plans of the same machines."""
    assert set(before.by_name) == set(after.by_name)
    return {name for name, step in before.by_name.items() if step.fingerprint != after.by_name[name].fingerprint}


def with_machine(fleet: Fleet, name: str, **fields: Any) -> Fleet:
    """The fleet with a machine changed."""
    machine = fleet.machines[name].model_copy(update=fields)
    return fleet.model_copy(update={"machines": fleet.machines | {name: machine}})


def with_deployment(fleet: Fleet, name: str, **fields: Any) -> Fleet:
    """The fleet with a deployment changed."""
    deployment = fleet.deployments[name].model_copy(update=fields)
    return fleet.model_copy(update={"deployments": fleet.deployments | {name: deployment}})


def test_steps_that_apply_something_have_a_fingerprint_and_the_others_have_none() -> None:
    for fleet in (dev_fleet(), every_kind(), one_server()):
        for step in plan_of(fleet):
            assert (step.fingerprint is not None) == (step.kind in {"vars", "update", "apply"}), step.name


def test_an_update_has_its_machine_s_fingerprint() -> None:
    plan = plan_of(dev_fleet(), fingerprints={"cinnabar": "the one of cinnabar"})
    assert plan.by_name["cinnabar-update"].fingerprint == "the one of cinnabar"


def test_another_configuration_of_a_machine_runs_its_update_and_what_is_deployed_on_it() -> None:
    before = plan_of(dev_fleet())
    assert changed(before, plan_of(dev_fleet(), fingerprints={"blackphos": "another"})) == {"blackphos-update"}
    # NixOps4 builds the application on top of the machine's own configuration, which its update switched back to.
    assert changed(before, plan_of(dev_fleet(), fingerprints={"orb-nixos": "another"})) == {
        "orb-nixos-update",
        "social-apply",
    }


def test_a_changed_deployment_runs_its_own_step_only() -> None:
    before = plan_of(dev_fleet())
    after = plan_of(with_deployment(dev_fleet(), "social", domain="other.example"))
    assert changed(before, after) == {"social-apply"}


def test_a_deployment_that_waits_for_more_does_not_run_again() -> None:
    after = plan_of(with_deployment(dev_fleet(), "social", after=("cinnabar",)))
    assert changed(plan_of(dev_fleet()), after) == set()


def test_where_more_is_known_of_a_system_an_application_s_own_code_runs_its_deployment_alone() -> None:
    def plan(system: str, kept: dict[str, str] | None = None) -> Plan:
        found = dict.fromkeys(dev_fleet().enabled_machines, "0" * 64)
        return make_plan(dev_fleet(), found, DEV_SITE, systems={"orb-nixos": system}, kept=kept)

    assert changed(plan("one.drv"), plan("two.drv")) == {"social-apply"}
    assert plan("two.drv", {"social-apply": "applied before"}).by_name["social-apply"].fingerprint == "applied before"


def test_another_machine_or_another_role_generates_vars_again() -> None:
    before = plan_of(dev_fleet())
    assert changed(before, plan_of(with_machine(dev_fleet(), "cinnabar", tags=("nixos", "cloud")))) == {"fleet-vars"}
    fewer = dict(dev_fleet().instances)
    del fewer["users-root"]
    assert changed(before, plan_of(dev_fleet().model_copy(update={"instances": fewer}))) == {"fleet-vars"}


@pytest.mark.parametrize("field", ["dns", "buckets", "operators", "description"])
def test_what_no_machine_reads_runs_no_step(field: str) -> None:
    empty: dict[str, Any] = {"dns": type(dev_fleet().dns)(), "buckets": {}, "operators": {}, "description": "another"}
    assert changed(plan_of(dev_fleet()), plan_of(dev_fleet().model_copy(update={field: empty[field]}))) == set()


def test_only_a_deployment_with_other_secrets_makes_vars_run_again() -> None:
    fleet = with_deployment(dev_fleet(), "social", storage=None, mail=None)
    before = plan_of(fleet).by_name["fleet-vars"].fingerprint
    relay = Mail(host="mail.social.example", sender="social@social.example")
    asked = {}
    changes: dict[str, dict[str, Any]] = {
        "domain": {"domain": "other.social.example"},
        "size": {"size": "large"},
        "storage": {"storage": Storage(endpoint="s3.social.example", bucket="social-uploads")},
        "mail without a login": {"mail": relay},
        "mail": {"mail": relay.model_copy(update={"user": "social"})},
    }
    for what, change in changes.items():
        asked[what] = plan_of(with_deployment(fleet, "social", **change)).by_name["fleet-vars"].fingerprint != before
    assert asked == {"domain": False, "size": False, "storage": True, "mail without a login": False, "mail": True}
    without = dev_fleet().model_copy(update={"deployments": {}})
    assert plan_of(without).by_name["fleet-vars"].fingerprint != before


def test_another_generator_generates_vars_again_and_nothing_else() -> None:
    found = dict.fromkeys(dev_fleet().enabled_machines, "0" * 64)
    plans = [make_plan(dev_fleet(), found, DEV_SITE, generators=state) for state in ("one", "two")]
    assert changed(*plans) == {"fleet-vars"}


def test_the_fingerprints_that_the_plan_makes_itself_are_sha_256() -> None:
    own = [step for step in plan_of(dev_fleet()) if step.kind in {"vars", "apply"}]
    assert all(len(step.fingerprint or "") == 64 and int(step.fingerprint or "x", 16) for step in own)


def test_a_step_says_what_it_is_about() -> None:
    plan = plan_of(dev_fleet())
    subjects = {name: plan.by_name[name].subject for name in ("fleet-vars", "cinnabar-update", "social-apply")}
    assert subjects == {"fleet-vars": "fleet", "cinnabar-update": "cinnabar", "social-apply": "social"}
    assert Step("x-reach", "reach", "x").what == "wait until SSH answers"
