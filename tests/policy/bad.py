"""Bad stacks, each with one thing wrong: what it is, the rule that refuses it, and the place that is to be mended."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from tests.policy.stacks import Bad, also, with_inputs

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
