"""Bad stacks: each is refused by exactly the rule that it breaks; the project's own stacks are not."""

import pytest

from fediversity.fleet.model import Fleet
from fediversity.fleet.yaml_reader import read_yaml
from fediversity.policy.access import weakness
from fediversity.policy.monthly_cost import stack_of
from fediversity.policy.ports import is_world
from fediversity.policy.resources import UNSEEN
from fediversity.policy.rules import ABOUT, problem, violations
from fediversity.program.mock_pulumi import declared_resources
from fediversity.program.ssh_keys import NOBODYS_KEY
from tests.planning.samples import every_kind
from tests.policy.bad import BAD, DISK, DSA, ECDSA, RSA_1024, RSA_3072, SERVER
from tests.policy.stacks import PRODUCTION, PROJECT, Bad, declared_by, settings_of, with_inputs
from tests.program.google_fleet import google_fleet


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_stack_is_refused_by_exactly_the_rule_it_breaks(bad: Bad) -> None:
    stack, found = bad.judged()
    assert {violation.rule for violation in found} == {bad.rule}
    lines = read_yaml(PRODUCTION, stack.settings.fleet_file).lines
    for violation in found:
        told = problem(violation, stack, lines)
        assert f"[{bad.rule}]" in told.what
        assert told.fix


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_stack_is_refused_at_the_place_to_mend(bad: Bad) -> None:
    stack, found = bad.judged()
    lines = read_yaml(PRODUCTION, stack.settings.fleet_file).lines
    told = [problem(violation, stack, lines) for violation in found]
    assert [entry.field for entry in told if entry.field.startswith(bad.where)]
    file = "Pulumi.production.yaml" if bad.where.startswith("fediversity:") else "stacks/production.yaml"
    assert {entry.file for entry in told} == {file}
    assert all(
        entry.line > 0 for entry in told if bad.where and not bad.where.startswith(("fediversity:", "operators"))
    )


def test_every_rule_refuses_some_bad_stack() -> None:
    assert {bad.rule for bad in BAD.values()} == set(ABOUT)


@pytest.mark.parametrize("name", ["dev", "production", "staging"])
def test_the_project_s_own_stacks_keep_to_every_rule(name: str) -> None:
    own = settings_of(name)
    fleet, found = declared_by((PROJECT / own.fleet_file).read_text(), name)
    assert found
    assert list(violations(found, stack_of(own, fleet))) == []


def test_production_says_what_nobody_may_go_beyond() -> None:
    policy = declared_by(PRODUCTION, "production")[0].policy
    assert policy.protected
    assert None not in (policy.places, policy.types, policy.budget)
    assert policy.unencrypted == ()


def test_a_server_that_a_person_has_named_for_destruction_need_not_be_protected() -> None:
    edits = {"    disk: {encrypted: true, unlock_port: 2223}\n": f'{DISK}    destroy: "4711"\n'}
    bad = Bad("protection", "", edits, resources=with_inputs(SERVER, deleteProtection=False, rebuildProtection=False))
    assert bad.judged()[1] == []


def test_a_machine_may_be_named_as_unencrypted() -> None:
    edits = {DISK: "", "policy:\n": "policy:\n  unencrypted: [cinnabar]\n"}
    assert Bad("encrypted-disks", "", edits).judged()[1] == []


def test_what_is_not_known_yet_is_not_judged() -> None:
    unseen = {"labels": UNSEEN, "firewallIds": UNSEEN, "location": UNSEEN, "serverType": UNSEEN}
    protection = {"deleteProtection": UNSEEN, "rebuildProtection": UNSEEN}
    assert Bad("", "", resources=with_inputs(SERVER, **unseen, **protection)).judged()[1] == []


def test_keys_are_weak_by_their_kind_or_their_length() -> None:
    assert weakness(DSA) == "a key of type ssh-dss"
    assert weakness(RSA_1024) == "an RSA key of 1024 bits"
    assert weakness("ssh-rsa AAAA") == "a key that cannot be read"
    assert weakness(f"ssh-rsa {RSA_1024.split()[1][:40]}") == "a key that cannot be read"
    assert weakness(NOBODYS_KEY) is None
    assert weakness(RSA_3072) is None
    assert weakness(ECDSA) is None


@pytest.mark.parametrize(
    ("network", "world"),
    [
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("128.0.0.0/1", True),
        ("10.0.0.0/8", False),
        ("203.0.113.0/24", False),
        ("2001:db8::/32", False),
        ("fd00::/8", False),
        ("not a network", False),
    ],
)
def test_a_network_that_nobody_owns_alone_is_the_world(network: str, world: bool) -> None:
    assert is_world(network) is world


def refused(fleet: Fleet) -> set[tuple[object, ...]]:
    """By which rules what of a fleet's file is refused in production."""
    own = settings_of("production")
    found = violations(declared_resources(fleet, own), stack_of(own, fleet))
    return {(violation.rule, *violation.breach.where[:2]) for violation in found}


def test_of_fleets_with_something_of_every_kind_only_what_their_files_say_is_refused() -> None:
    assert refused(google_fleet()) == {
        ("open-ports", "machines", "rich"),
        *(("encrypted-disks", "machines", name) for name in ("plain", "rich")),
    }
    assert refused(every_kind()) == {
        ("open-ports", "machines", "hub"),
        ("open-ports", "machines", "vault"),
        ("protection", "buckets", "everything-scratch"),
        ("versioned-buckets", "buckets", "everything-scratch"),
        ("encrypted-disks", "machines", "hub"),
    }
