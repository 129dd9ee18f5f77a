"""What is wrong with words that guard what exists, and with small machines."""

from tests.fleet.bad.kind import Bad

_YEW = "      rdns: yew.garden.example\n"
_YEW_FROM_IPV6 = (
    "      ipv6: false\n      backups: true\n      placement_group: apart\n      volumes:\n"
    "        seeds: {size_gb: 10, format: ext4}\n      rdns: yew.garden.example\n"
)
_ELM = "      zone: us-central1-a\n"

SAFETY = (
    Bad(
        "retired and still there",
        "buckets:\n",
        "retired:\n  oak: '70000001'\nbuckets:\n",
        "oak: '7",
        "retired.oak",
        "'oak' is still a machine of this file",
        "write `destroy:` with the id at machines.oak",
    ),
    Bad(
        "formerly its own name",
        "    machineClass: nixos\n    system: aarch64-linux",
        "    formerly: [elm]\n    machineClass: nixos\n    system: aarch64-linux",
        "[elm]",
        "machines.elm.formerly[0]",
        "'elm' is its present name",
        "list names it had before",
    ),
    Bad(
        "formerly another machine",
        "    machineClass: nixos\n    system: aarch64-linux",
        "    formerly: [ash]\n    machineClass: nixos\n    system: aarch64-linux",
        "formerly: [ash]",
        "machines.elm.formerly[0]",
        "'ash' is the name of another machine",
        "give the machine 'ash' another name",
    ),
    Bad(
        "taking over what no cloud made",
        "provider: {kind: existing, host: 198.51.100.7}",
        "provider: {kind: existing, host: 198.51.100.7}\n    import: {server: '1'}",
        "import:",
        "machines.ash.import",
        "a machine of kind existing is made and deleted by nobody here",
        "remove `import`",
    ),
    Bad(
        "destroying what no cloud made",
        "provider: {kind: existing, host: 198.51.100.7}",
        "provider: {kind: existing, host: 198.51.100.7}\n    destroy: '1'",
        "destroy:",
        "machines.ash.destroy",
        "a machine of kind existing is made and deleted by nobody here",
        "remove `destroy`",
    ),
    Bad(
        "id of another cloud",
        "    reinstall: '4711'",
        "    import: {server: '4711', address: projects/p/regions/us-central1/addresses/a}",
        "import:",
        "machines.elm.import.server",
        "'4711' is no id of this cloud",
        "write a path",
    ),
    Bad(
        "taking a server over without its address",
        _YEW,
        _YEW + "    import: {server: '4711', address_ipv6: '4713'}\n",
        "import:",
        "machines.yew.import",
        "the server's address is not taken over",
        "add the id of its address",
    ),
    Bad(
        "taking a server over without its IPv6 network",
        _YEW_FROM_IPV6,
        _YEW_FROM_IPV6.removeprefix("      ipv6: false\n") + "    import: {server: '4711', address: '4712'}\n",
        "import:",
        "machines.yew.import",
        "the server's IPv6 network is not taken over",
        "add `address_ipv6`",
    ),
    Bad(
        "taking over what may be destroyed",
        _YEW,
        _YEW + "    import: {server: '4711', address: '4712'}\n    destroy: '4711'\n",
        "import:",
        "machines.yew.import",
        "the server is taken over and may be destroyed",
        "remove `import`",
    ),
    Bad(
        "installed on another architecture",
        _ELM,
        _ELM + "      install_type: e2-medium\n",
        "install_type: e2-medium",
        "machines.elm.provider.install_type",
        "'e2-medium' is x86_64, and 't2a-standard-1' is aarch64",
        "same architecture",
    ),
    Bad(
        "installed on a smaller type",
        "machine_type: t2a-standard-1",
        "machine_type: t2a-standard-2\n      install_type: t2a-standard-1",
        "install_type: t2a-standard-1",
        "machines.elm.provider.install_type",
        "'t2a-standard-1' has less memory than 't2a-standard-2'",
        "choose a larger type",
    ),
    Bad(
        "installed on a type without the memory",
        "system: aarch64-linux\n    tags: [cloud]\n    provider:\n      kind: gcp\n      machine_type: t2a-standard-1",
        "system: x86_64-linux\n    tags: [cloud]\n    provider:\n      kind: gcp\n      machine_type: f1-micro\n"
        "      install_type: e2-micro",
        "install_type: e2-micro",
        "machines.elm.provider.install_type",
        "'e2-micro' has 1024 MiB of memory; the NixOS installer needs 1536",
        "choose a larger type",
    ),
    Bad(
        "installing a prepared image",
        "install_type: ccx13",
        "image: '1234'\n      install_type: ccx13",
        "install_type: ccx13",
        "machines.yew.provider.install_type",
        "a machine that boots a prepared image is never installed",
        "remove `install_type`",
    ),
    Bad(
        "a prepared image that is encrypted",
        "image: debian-12",
        "image: '1234'",
        "encrypted: true",
        "machines.oak.disk.encrypted",
        "was made without this machine's passphrase",
        "have it installed",
    ),
)
