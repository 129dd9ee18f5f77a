"""A `fleet.json` of the wrong shape, or whose machines cannot work, is refused when the flake is evaluated."""

from pathlib import Path

import pytest

from tests.nix.breaking import RENDER_AGAIN, Breaking, Cases, another_machine, broken, findings, put, without
from tests.nix.evaluation import refusal

CASES: Cases = {
    "another version": (
        [put(2, "version"), put("x", "surprise")],
        [
            "version: 2 is not the version this flake reads, 1; fix: "
            "render the file again with the fediversity of this checkout: `./just render`"
        ],
    ),
    "a key that is never rendered": (
        [put(40, "machines", "orb-nixos", "diskGb")],
        [
            "machines.orb-nixos.diskGb: no such key is ever rendered; fix: "
            "remove it; what is specific to a machine belongs into its module in nix/"
        ],
    ),
    "a key that is missing": (
        [without("machines", "orb-nixos", "sshPort")],
        [f"machines.orb-nixos.sshPort: this key is missing; fix: {RENDER_AGAIN}"],
    ),
    "a value of another type": (
        [put("yes", "machines", "orb-nixos", "encrypted")],
        [f"machines.orb-nixos.encrypted: this is not true or false; fix: {RENDER_AGAIN}"],
    ),
    "a role that is not an object": (
        [put([], "instances", "sshd-clan", "roles", "client")],
        [f"instances.sshd-clan.roles.client: this is not an object; fix: {RENDER_AGAIN}"],
    ),
    "an illegal host name": (
        [another_machine("Oak_1"), put(False, "machines", "Oak_1", "encrypted")],
        [
            "machines.Oak_1: 'Oak_1' is not a host name; fix: "
            "use lower-case letters, digits and inner hyphens, 63 at most (RFC 1123)",
            'machines.Oak_1: no module defines flake.modules.nixos."machines/Oak_1"; fix: '
            "write nix/modules/machines/Oak_1.nix, as a copy of nix/modules/machines/cinnabar.nix",
        ],
    ),
    "an unknown machineClass": (
        [put("linux", "machines", "orb-nixos", "machineClass")],
        ["machines.orb-nixos: unknown machineClass 'linux'; fix: use nixos or darwin"],
    ),
    "an unknown system": (
        [put("riscv64-linux", "machines", "orb-nixos", "system")],
        ["machines.orb-nixos: unknown system 'riscv64-linux'; fix: use x86_64-linux or aarch64-linux"],
    ),
    "class and system that do not belong together": (
        [put("aarch64-darwin", "machines", "orb-nixos", "system")],
        [
            "machines.orb-nixos: machineClass nixos with system aarch64-darwin; fix: "
            "use x86_64-linux or aarch64-linux, or the other machineClass"
        ],
    ),
    "a machine without a module": (
        [another_machine("oak")],
        [
            'machines.oak: no module defines flake.modules.nixos."machines/oak"; fix: '
            "write nix/modules/machines/oak.nix, as a copy of nix/modules/machines/cinnabar.nix"
        ],
    ),
    "a Mac without a module": (
        [another_machine("quartz", like="stibnite")],
        [
            'machines.quartz: no module defines flake.modules.darwin."machines/quartz"; fix: '
            "write nix/modules/machines/quartz.nix, as a copy of nix/modules/machines/argentum.nix"
        ],
    ),
    "a module of the other class": (
        [another_machine("electrum", like="stibnite")],
        [
            "machines.electrum: its module is of the class nixos, and its machineClass is darwin; fix: "
            "make the two agree"
        ],
    ),
    "a port that is none": (
        [put(70000, "machines", "orb-nixos", "sshPort"), put(0, "machines", "orb-nixos", "unlockPort")],
        [
            "machines.orb-nixos: sshPort 70000 is not a port; fix: use a number from 1 to 65535",
            "machines.orb-nixos: unlockPort 0 is not a port; fix: use a number from 1 to 65535",
        ],
    ),
    "an encrypted disk that nobody can unlock": (
        [put(None, "machines", "orb-nixos", "unlockPort")],
        [
            "machines.orb-nixos: the disk is encrypted and there is no unlockPort; fix: "
            "set `disk.unlock_port`: without it nobody could unlock the disk after a boot"
        ],
    ),
    "one port for unlocking and for SSH": (
        [put(22, "machines", "orb-nixos", "unlockPort")],
        [
            "machines.orb-nixos: port 22 is both unlockPort and sshPort; fix: "
            "use two ports: the initrd has a host key of its own, and clients would refuse the second"
        ],
    ),
    "a mesh that is no zerotier instance": (
        [put("sshd-clan", "machines", "stibnite", "mesh")],
        ["machines.stibnite: mesh 'sshd-clan' is no zerotier instance; fix: use zerotier-local"],
    ),
    "a mesh on a NixOS machine": (
        [put("zerotier-local", "machines", "orb-nixos", "mesh")],
        [
            "machines.orb-nixos: `mesh` on a NixOS machine; fix: "
            "remove it, and give the machine a tag that has the peer role of a zerotier instance"
        ],
    ),
}


@pytest.mark.parametrize(("breakings", "expected"), CASES.values(), ids=CASES.keys())
def test_a_fleet_with_a_broken_machine_is_refused_with_all_that_is_wrong(
    breakings: list[Breaking], expected: list[str], tmp_path: Path
) -> None:
    assert findings(refusal("inventory", broken(tmp_path, *breakings))) == expected
