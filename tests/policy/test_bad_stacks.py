"""Bad stacks: each is refused by exactly the rule that it breaks; the project's own stacks are not."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from fediversity.components.access import NOBODYS_KEY
from fediversity.components.recorder import declared
from fediversity.fleet.model import Fleet
from fediversity.fleet.source import read_yaml
from fediversity.policy.access import weakness
from fediversity.policy.declared import UNSEEN
from fediversity.policy.month import stack_of
from fediversity.policy.ports import is_world
from fediversity.policy.rules import ABOUT, problem, violations
from tests.components.google_fleet import google_fleet
from tests.plan.samples import every_kind
from tests.policy.stacks import PRODUCTION, PROJECT, Bad, also, declared_by, settings_of, with_inputs

SERVER = "hcloud:index/server:Server"
INSTANCE = "gcp:compute/instance:Instance"
BUCKET = "gcp:storage/bucket:Bucket"
OPERATORS = "operators:\n  someone:\n    keys: [{key}]\n\n# The Mac from which"
DSA = "ssh-dss AAAAB3NzaC1kc3MAAACBAJ8ZbTLO3nqQ someone"
RSA_1024 = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDc7AG5bJ/+WnzJmdqHFrUtHMDmcD4S37uJJAp2VJgdPxVZEmEQyQDbtapJ3uyVhJXOI91t"
    "/vY4NVUVPzBV+Q9wCgnqhFSPBSmhEMJEi8wZ8qR670A0feOHrp9i5m7NUJOjCS1h+2JfuZB+Dkhxbvpnxyaa2d6RG4vlU1jcHsFi1Q== "
    "someone"
)
RSA_3072 = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC77d6IfxIByK01l/7UoFA4dHYkk7epO4GjP+Pppr0DhF+aBKclmR0hDYdE7BeV1YOL7xXR"
    "DUp+vb02FJ4hdQWj80GaOj/BrlOocLDjVHZ5pgNlzw734v98C/+mNAMBVBv4KSJuA+dbuDWTmEXW1Yn3OeCD8GQa3FzWGVqezW+EPTo2ZOk0"
    "p9VqMamUDPE6vOrqdndANrmi5jt3jr0H5JBQzYfhpyLLbIQzuCADi5sMDqQxiaxVmn1C1uT8U7Stq3DijqyyLcFSgA4+oC8LVvze8kggSteo"
    "Q2tJDeL5ix/rIU7asHcxGe3/9SVp2tqLtMR0602OOtLSVhA0wF/iA8Qfsgwj+Y98JrBOROvY87xM98DcBe4dGBjImByj4zpFC/MSYHhAHhbn"
    "sYxEyABiHPtvG5yFbg+AFsK7o3LzWmkqu/+JGHOh4cl06Zwr5I1cS68njskZuQAhVSlDDanKmZOSIytTLVG8xgpDTBisHXa9tixzEHMJsnhE"
    "+Xx50hDwKCk= someone"
)
ECDSA = (
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDzwlXNKv/7bvUoCjERK9yxMm9Mfv2QyfjHg"
    "lCXkoL6MTSR0COn87MtOZJgQelfTnXypny0QZJSrBa5dUntHRhc= someone"
)
PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"
CINNABAR_IMAGE = "      location: fsn1\n      image: debian-12\n"
HTTPS = '        - {protocol: tcp, port: "443", description: HTTPS}\n'
DISK = "    disk: {encrypted: true, unlock_port: 2223}\n"
CHEAP = Decimal(1)
LABELS = {"fleet": "fediversity", "environment": "production"}


def firewall(rule: str) -> Mapping[str, str]:
    return {CINNABAR_IMAGE: f"{CINNABAR_IMAGE}      firewall: [{rule}]\n"}


BAD: Mapping[str, Bad] = {
    "a database is open to the world": Bad(
        "open-ports", "machines.cinnabar.provider.firewall", firewall('{protocol: tcp, port: "5432"}')
    ),
    "a range goes beyond what is allowed": Bad(
        "open-ports", "machines.cinnabar.provider.firewall", firewall('{protocol: tcp, port: "443-444"}')
    ),
    "an allowed port is open by another protocol": Bad(
        "open-ports", "machines.cinnabar.provider.firewall", firewall('{protocol: udp, port: "443"}')
    ),
    "the world is written as its two halves": Bad(
        "open-ports",
        "machines.cinnabar.provider.firewall",
        firewall('{protocol: tcp, port: "5432", sources: [0.0.0.0/1, 128.0.0.0/1]}'),
    ),
    "a port at Google is open to the world": Bad(
        "open-ports", "machines.orb-nixos.provider.firewall", {HTTPS: HTTPS.replace("443", "9200")}
    ),
    "a port is no longer allowed": Bad(
        "open-ports", "machines.orb-nixos.provider.firewall", {"[tcp/80, tcp/443]": "[tcp/443]"}
    ),
    "a server has no firewall": Bad(
        "open-ports", "machines.cinnabar.provider.firewall", resources=with_inputs(SERVER, firewallIds=[])
    ),
    "a firewall at Google names no sources": Bad(
        "open-ports",
        "",
        resources=also("gcp:compute/firewall:Firewall", allows=[{"protocol": "tcp", "ports": ["5432"]}]),
    ),
    "all protocols are open": Bad(
        "open-ports",
        "",
        resources=also("gcp:compute/firewall:Firewall", allows=[{"protocol": "all"}], sourceRanges=["0.0.0.0/0"]),
    ),
    "production is not protected": Bad("protection", "fediversity:protect", settings={"protect": "false"}),
    "a bucket goes away with its objects": Bad(
        "protection",
        "buckets.fediversity-production-media.keep_objects",
        {"    location: europe-west1\n": "    location: europe-west1\n    keep_objects: false\n"},
    ),
    "a server is protected by the engine only": Bad(
        "protection", "machines.cinnabar.protect", resources=with_inputs(SERVER, deleteProtection=False)
    ),
    "a server can be rebuilt": Bad(
        "protection", "machines.cinnabar.protect", resources=with_inputs(SERVER, rebuildProtection=False)
    ),
    "a bucket has access lists": Bad(
        "public-buckets",
        "buckets.fediversity-production-media",
        resources=with_inputs(BUCKET, uniformBucketLevelAccess=False),
    ),
    "a bucket can be made public": Bad(
        "public-buckets",
        "buckets.fediversity-production-media",
        resources=with_inputs(BUCKET, publicAccessPrevention="inherited"),
    ),
    "everybody may read a bucket": Bad(
        "public-buckets",
        "",
        resources=also(
            "gcp:storage/bucketIAMMember:BucketIAMMember", role="roles/storage.objectViewer", member="allUsers"
        ),
    ),
    "everybody with an account may read a bucket": Bad(
        "public-buckets",
        "",
        resources=also("gcp:storage/bucketACL:BucketACL", roleEntities=["READER:allAuthenticatedUsers"]),
    ),
    "a bucket forgets what is written over": Bad(
        "versioned-buckets",
        "buckets.fediversity-production-media.versioning",
        {"    location: europe-west1\n": "    location: europe-west1\n    versioning: false\n"},
    ),
    "a volume is nobody's": Bad(
        "labels",
        "",
        resources=lambda found: tuple(
            replace(entry, protect=True)
            for entry in also("hcloud:index/volume:Volume", deleteProtection=True)(found)[-1:]
        ),
    ),
    "a server is not said to be its machine's": Bad(
        "labels", "machines.cinnabar", resources=with_inputs(SERVER, labels=LABELS)
    ),
    "a server is said to be another environment's": Bad(
        "labels",
        "machines.cinnabar",
        resources=with_inputs(SERVER, labels=LABELS | {"machine": "cinnabar", "environment": "dev"}),
    ),
    "a server stands in another country": Bad(
        "places", "machines.cinnabar.provider.location", {"location: fsn1": "location: hel1"}
    ),
    "an instance stands in another region": Bad(
        "places", "machines.orb-nixos.provider.zone", {"zone: us-central1-b": "zone: asia-east1-a"}
    ),
    "a bucket lies in another region": Bad(
        "places", "buckets.fediversity-production-media.location", {"location: europe-west1\n": "location: us\n"}
    ),
    "a server is larger than allowed": Bad(
        "types", "machines.cinnabar.provider.server_type", {"server_type: cx53": "server_type: ccx63"}, monthly=CHEAP
    ),
    "an instance is larger than allowed": Bad(
        "types",
        "machines.orb-nixos.provider.machine_type",
        {"machine_type: e2-medium": "machine_type: e2-standard-8"},
        monthly=CHEAP,
    ),
    "an instance has a GPU": Bad(
        "types",
        "machines.orb-nixos.provider.accelerator",
        resources=with_inputs(INSTANCE, guestAccelerators=[{"type": "nvidia-tesla-t4", "count": 1}]),
    ),
    "a month costs a cent more than the budget": Bad("budget", "policy.budget", monthly=Decimal("80.01")),
    "the budget is less than the price table's sum": Bad("budget", "policy.budget", {"monthly: 80": "monthly: 20"}),
    "an operator has a DSA key": Bad(
        "ssh-keys", "operators", resources=with_inputs("hcloud:index/sshKey:SshKey", publicKey=DSA)
    ),
    "an operator has a short RSA key": Bad(
        "ssh-keys", "operators", {"# The Mac from which": OPERATORS.format(key=RSA_1024)}
    ),
    "an account owns the project": Bad(
        "basic-roles",
        "",
        resources=also("gcp:projects/iAMMember:IAMMember", role="roles/owner", member="user:someone@fleet.example"),
    ),
    "an instance is the project's editor": Bad(
        "basic-roles",
        "machines.orb-nixos.provider.roles",
        resources=with_inputs(INSTANCE, serviceAccount={"scopes": ["cloud-platform"]}),
    ),
    "a private key is in an instance's metadata": Bad(
        "secrets-in-clear",
        "machines.orb-nixos",
        resources=with_inputs(INSTANCE, metadata={"startup-script": PRIVATE_KEY}),
    ),
    "a server is left to a default provider": Bad(
        "explicit-providers",
        "machines.cinnabar",
        resources=lambda found: tuple(
            replace(entry, provider=None) if entry.type == SERVER else entry for entry in found
        ),
    ),
    "a disk in a cloud is not encrypted": Bad("encrypted-disks", "machines.cinnabar.disk", {DISK: ""}),
}


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
    found = violations(declared(fleet, own), stack_of(own, fleet))
    return {(violation.rule, *violation.breach.where[:2]) for violation in found}


def test_of_fleets_with_something_of_every_kind_only_what_their_files_say_is_refused() -> None:
    assert refused(google_fleet()) == {
        ("open-ports", "machines", "rich"),
        *(("encrypted-disks", "machines", name) for name in ("plain", "rich", "graphics")),
    }
    assert refused(every_kind()) == {
        ("open-ports", "machines", "hub"),
        ("open-ports", "machines", "vault"),
        ("protection", "buckets", "everything-scratch"),
        ("versioned-buckets", "buckets", "everything-scratch"),
        ("encrypted-disks", "machines", "hub"),
    }
