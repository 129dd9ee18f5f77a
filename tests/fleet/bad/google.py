"""What Google Cloud would not take, or would leave out."""

from tests.fleet.bad.kind import Bad

_DISK = "      disk_gb: 30\n"
_SOCIAL = "    social.example:\n      provider: gcp\n"

_KEYS = ("  project: garden-project\n", "  project: garden-project\n  keys: {shed: {location: us}}\n")
_BUCKET = "  garden-media: {location: europe-west1}\n"
_ELM = (
    "  elm:\n    machineClass: nixos\n    system: aarch64-linux\n    tags: [cloud]\n    provider:\n      kind: gcp\n"
    "      machine_type: t2a-standard-1\n      zone: us-central1-a\n      disk_gb: 30\n    after: [oak]\n"
    "    reinstall: '4711'\n"
)


def _elm(machine_type: str, line: str) -> str:
    """The machine elm on another machine type, with one more line."""
    return (
        "  elm:\n    machineClass: nixos\n    system: x86_64-linux\n    tags: [cloud]\n    provider:\n"
        f"      kind: gcp\n      machine_type: {machine_type}\n      zone: us-central1-a\n      {line}\n"
    )


def _rule(sources: str) -> str:
    return f"{_DISK}      firewall:\n        - {{protocol: tcp, port: '443', sources: [{sources}]}}\n"


GOOGLE = (
    Bad(
        "instance that begins with a digit",
        "  elm:\n",
        "  3elms:\n",
        "3elms",
        "machines.3elms",
        "Google Cloud takes no instance '3elms'",
        "begin its name with a letter",
    ),
    Bad(
        "name too long for an address",
        "  elm:\n",
        f"  {'elm-' * 13}s:\n",
        "elm-s:",
        f"machines.{'elm-' * 13}s",
        f"the name '{'elm-' * 13}s-us-central1', which has 65 characters",
        "shorten the machine's name to 51 characters",
    ),
    Bad(
        "name too long for a firewall",
        "  elm:\n    machineClass: nixos\n    system: aarch64-linux\n    tags: [cloud]\n    provider:\n"
        "      kind: gcp\n      machine_type: t2a-standard-1\n      zone: us-central1-a\n",
        f"  {'elm-' * 13}ab:\n    machineClass: nixos\n    system: x86_64-linux\n    tags: [cloud]\n    provider:\n"
        "      kind: gcp\n      machine_type: e2-medium\n      zone: us-east1-b\n"
        "      firewall: [{protocol: tcp, port: '443'}]\n",
        "elm-ab:",
        f"machines.{'elm-' * 13}ab",
        f"the name '{'elm-' * 13}ab-inbound-0', which has 64 characters",
        "shorten the machine's name to 53 characters",
    ),
    Bad(
        "two zones with one name",
        _SOCIAL,
        f"{_SOCIAL}    a-b.example:\n      provider: gcp\n    a.b.example:\n      provider: gcp\n",
        "a.b.example",
        "dns.zones.a.b.example",
        "Cloud DNS would call it 'a-b-example', as it calls 'a-b.example'",
        "let Hetzner serve one of the two",
    ),
    Bad(
        "zone with a long name",
        "    social.example:\n",
        f"    {'social.' * 9}example:\n",
        "social.example:",
        f"dns.zones.{'social.' * 9}example",
        "which has 70 characters",
        "Cloud DNS takes 63: let Hetzner serve it",
    ),
    Bad(
        "IPv6 networks only at Google",
        _DISK,
        _rule("'2001:db8::/32'"),
        "2001:db8::/32",
        "machines.elm.provider.firewall[0].sources",
        "only IPv6 networks are listed",
        "list IPv4 networks only, or move the machine",
    ),
    Bad(
        "IPv6 network beside others at Google",
        _DISK,
        _rule("203.0.113.0/24, '::/0'"),
        "::/0",
        "machines.elm.provider.firewall[0].sources",
        "the IPv6 network '::/0' is listed, and a machine at Google Cloud has an IPv4 address only",
        "everybody is 0.0.0.0/0 and ::/0",
    ),
    Bad(
        "GPU on a machine type that cannot have one",
        _DISK,
        f"{_DISK}      accelerator: {{type: nvidia-tesla-t4}}\n",
        "nvidia-tesla-t4",
        "machines.elm.provider.accelerator.type",
        "'t2a-standard-1' cannot have a 'nvidia-tesla-t4'",
        "use one of n1-standard-1, n1-standard-16, n1-standard-2",
    ),
    Bad(
        "type for the installation that cannot have the GPU",
        _ELM,
        _elm("n1-standard-1", "accelerator: {type: nvidia-tesla-t4}\n      install_type: e2-medium"),
        "install_type: e2-medium",
        "machines.elm.provider.install_type",
        "'e2-medium' cannot have the machine's 'nvidia-tesla-t4'",
        "use one of n1-standard-1",
    ),
    Bad(
        "GPU that nobody sells",
        _DISK,
        f"{_DISK}      accelerator: {{type: nvidia-tesla-t5}}\n",
        "nvidia-tesla-t5",
        "machines.elm.provider.accelerator.type",
        "unknown accelerator 'nvidia-tesla-t5'",
        "did you mean 'nvidia-tesla-t4'?",
    ),
    Bad(
        "more GPUs than go into one instance",
        _ELM,
        _elm("n1-standard-8", "accelerator: {type: nvidia-tesla-t4, count: 8}"),
        "count: 8",
        "machines.elm.provider.accelerator.count",
        "8 'nvidia-tesla-t4' in one instance",
        "use 1 or 2 or 4",
    ),
    Bad(
        "too few GPUs for the virtual CPUs",
        _ELM,
        _elm("n1-standard-16", "accelerator: {type: nvidia-tesla-v100}"),
        "accelerator:",
        "machines.elm.provider.accelerator.count",
        "'n1-standard-16' has 16 virtual CPUs, and with 1 'nvidia-tesla-v100' it may have 12",
        "use a smaller machine_type, or 2 of them",
    ),
    Bad(
        "more GPUs than a type comes with",
        _ELM,
        _elm("g2-standard-4", "accelerator: {type: nvidia-l4, count: 2}"),
        "count: 2",
        "machines.elm.provider.accelerator.count",
        "2 'nvidia-l4' in one instance",
        "use 1",
    ),
    Bad(
        "fallback zone in another region",
        _DISK,
        f"{_DISK}      fallback_zones: [us-central1-b, us-east1-b]\n",
        "us-central1-b, us-east1-b",
        "machines.elm.provider.fallback_zones[1]",
        "'us-east1-b' is not in the region 'us-central1', where the machine's address is",
        "use us-central1-b or us-central1-c or us-central1-f",
    ),
    Bad(
        "fallback zone that is the zone itself",
        _DISK,
        f"{_DISK}      fallback_zones: [us-central1-a]\n",
        "[us-central1-a]",
        "machines.elm.provider.fallback_zones[0]",
        "'us-central1-a' is the machine's own zone",
        "remove it",
    ),
    Bad(
        "fallback zone written twice",
        _DISK,
        f"{_DISK}      fallback_zones: [us-central1-b, us-central1-b]\n",
        "fallback_zones",
        "machines.elm.provider.fallback_zones[1]",
        "'us-central1-b' twice",
        "keep it once",
    ),
    Bad(
        "fallback zones for a machine whose disks cannot follow",
        _DISK,
        f"{_DISK}      disks: {{data: {{size_gb: 10}}}}\n      fallback_zones: [us-central1-b]\n",
        "fallback_zones",
        "machines.elm.provider.fallback_zones",
        "the disk 'data' stands in 'us-central1-a' and cannot go to another zone",
        "keep the data elsewhere",
    ),
    Bad(
        "disk called like another one",
        _ELM,
        _elm("e2-medium", "disks: {a: {size_gb: 10}}")
        + "  elm-a:\n    machineClass: nixos\n    system: x86_64-linux\n"
        + "    provider: {kind: gcp, machine_type: e2-medium, zone: us-central1-a}\n",
        "disks:",
        "machines.elm.provider.disks.a",
        "Google Cloud would call it 'elm-a', as the boot disk of 'elm-a'",
        "call the disk something else",
    ),
    Bad(
        "disk that is too small",
        _DISK,
        f"{_DISK}      disks: {{data: {{size_gb: 5}}}}\n",
        "size_gb: 5",
        "machines.elm.provider.disks.data.size_gb",
        "5 is too small",
        "use 10 or more",
    ),
    Bad(
        "basic role",
        _DISK,
        f"{_DISK}      roles: [roles/editor]\n",
        "roles/editor",
        "machines.elm.provider.roles[0]",
        "'roles/editor' is a basic role over the whole project",
        "name the roles that the machine really needs",
    ),
    Bad(
        "role given twice",
        _DISK,
        f"{_DISK}      roles: [roles/dns.admin, roles/dns.admin]\n",
        "roles: [roles",
        "machines.elm.provider.roles[1]",
        "'roles/dns.admin' twice",
        "keep it once",
    ),
    Bad(
        "name too long for a service account",
        "  elm:\n    machineClass: nixos\n    system: aarch64-linux\n    tags: [cloud]\n    provider:\n"
        "      kind: gcp\n",
        f"  {'elm-' * 6}ab:\n    machineClass: nixos\n    system: aarch64-linux\n    tags: [cloud]\n    provider:\n"
        "      roles: [roles/dns.admin]\n      kind: gcp\n",
        "roles: [roles",
        f"machines.{'elm-' * 6}ab.provider.roles",
        f"its service account would be '{'elm-' * 6}ab-host', which has 31 characters",
        "shorten the machine's name to 25 characters",
    ),
    Bad(
        "image that is neither a family nor an archive",
        _DISK,
        f"{_DISK}      image: gs://images/nixos.qcow2\n",
        "nixos.qcow2",
        "machines.elm.provider.image",
        "'gs://images/nixos.qcow2' is not an image",
        "'gs://BUCKET/NAME.tar.gz'",
    ),
    Bad(
        "bucket key that nobody declared",
        _BUCKET,
        "  garden-media: {location: europe-west1, key: hut}\n",
        "key: hut",
        "buckets.garden-media.key",
        "unknown key 'hut'",
        "known: shed",
        _KEYS,
    ),
    Bad(
        "bucket key in another place",
        _BUCKET,
        "  garden-media: {location: eu, key: shed}\n",
        "key: shed",
        "buckets.garden-media.key",
        "the key 'shed' is kept in 'us', and the bucket lives in 'eu'",
        "`location: eu` (Cloud KMS calls it 'europe')",
        _KEYS,
    ),
    Bad(
        "key that rotates every moment",
        "  project: garden-project\n",
        "  project: garden-project\n  keys: {shed: {location: us, rotation_days: 0}}\n",
        "rotation_days",
        "gcp.keys.shed.rotation_days",
        "0 is too small",
        "use 1 or more",
    ),
)
