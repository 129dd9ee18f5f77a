"""The flake in `nix/` as text: its modules fit the fleet, hold no secret, and a fingerprint reads what it should."""

import ipaddress
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fediversity.planning.fingerprint import FlakeSources, fingerprint

FLAKE = Path(__file__).parents[2] / "nix"
FLEET: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())
MACHINES: dict[str, Any] = FLEET["machines"]
SOURCES = FlakeSources.read(FLAKE)
ASPECT_OF_CLASS = {"nixos": "server", "darwin": "workstation"}

_MACHINE_MODULE = re.compile(r"flake\.modules\.(nixos|darwin)\.\"machines/([^\"]+)\"\s*=")
_ASPECT_MODULE = re.compile(r"flake\.modules\.(nixos|darwin|homeManager)\.([\w-]+)\s*=")
_ADDRESS_LIKE = re.compile(r"(?<![\w.:])[0-9A-Fa-f.:]{3,}(?![\w.:])")
_PRIVATE_KEY = re.compile(r"PRIVATE KEY-----|AGE-SECRET-KEY-1")


@dataclass(frozen=True)
class MachineModule:
    """The file that defines a machine's module, and the class it defines it for."""

    path: str
    machine_class: str
    text: str

    @property
    def aspects(self) -> frozenset[str]:
        """The aspects in its lists of imports: `nixos.base` gives `base`."""
        return frozenset(name for cls, name in imported(self.text) if cls == self.machine_class)

    @property
    def read(self) -> frozenset[str]:
        """The files of those aspects, of the aspects that they import in turn, and of the homes among them."""
        files, seen, queue = aspect_files(), set[str](), [self.text]
        while queue:
            for aspect in imported(queue.pop()):
                new = files[aspect] - seen if aspect[0] in (self.machine_class, "homeManager") else set()
                seen |= new
                queue += [SOURCES.files[path].decode() for path in new]
        return frozenset(seen)


def imported(text: str) -> set[tuple[str, str]]:
    """The aspects in the lists of imports of a file, each with its class."""
    lists = re.findall(r"imports = \[(.*?)\];", text, re.DOTALL)
    return {found for each in lists for found in re.findall(r"\b(nixos|darwin|homeManager)\.([\w-]+)", each)}


def machine_modules() -> dict[str, MachineModule]:
    """Every machine module of the flake by machine, those of switched-off machines included."""
    found = {}
    for path, content in SOURCES.files.items():
        text = content.decode()
        for match in _MACHINE_MODULE.finditer(text):
            found[match[2]] = MachineModule(path, match[1], text)
    return found


def aspect_files() -> dict[tuple[str, str], set[str]]:
    """The files of every aspect by its class and name: several may contribute to one."""
    files: dict[tuple[str, str], set[str]] = {}
    for path, content in SOURCES.files.items():
        for match in _ASPECT_MODULE.finditer(content.decode()):
            files.setdefault((match[1], match[2]), set()).add(path)
    return files


def addresses(text: str) -> Iterator[str]:
    """Everything in a text that reads as an IPv4 or IPv6 address."""
    for word in _ADDRESS_LIKE.findall(text):
        try:
            yield str(ipaddress.ip_address(word))
        except ValueError:
            continue


def changed_by_editing(path: str) -> set[str]:
    """The machines whose fingerprint is another one after an edit of one file."""
    edited = FlakeSources({**SOURCES.files, path: SOURCES.files[path] + b"\n"})
    return {
        machine for machine in MACHINES if fingerprint(SOURCES, FLEET, machine) != fingerprint(edited, FLEET, machine)
    }


def test_every_machine_of_the_fleet_has_a_module_of_its_class() -> None:
    modules = machine_modules()
    assert set(MACHINES) <= set(modules)
    for name, machine in MACHINES.items():
        assert modules[name].machine_class == machine["machineClass"], name


def test_each_machine_module_has_a_file_of_its_own_which_says_its_name() -> None:
    modules = machine_modules()
    assert len({module.path for module in modules.values()}) == len(modules)
    for name, module in modules.items():
        assert f'networking.hostName = "{name}";' in module.text
        assert f"nixpkgs.hostPlatform = fleet.machines.{name}.system;" in module.text
        assert "system.stateVersion = " in module.text


def test_every_machine_module_imports_the_base_and_the_aspect_of_its_class() -> None:
    for name, module in machine_modules().items():
        assert {"base", ASPECT_OF_CLASS[module.machine_class]} <= module.aspects, name


def test_a_machine_with_an_encrypted_disk_can_be_unlocked_from_afar() -> None:
    modules = machine_modules()
    encrypted = [name for name, machine in MACHINES.items() if machine["encrypted"]]
    for name in encrypted:
        assert {"disk", "remote-unlock"} <= modules[name].aspects, name


def test_what_people_write_in_the_flake_holds_no_address() -> None:
    assert list(addresses("at 192.0.2.1, or [2001:db8::1]:22")) == ["192.0.2.1", "2001:db8::1"], "the search is blind"
    written = [path for path in FLAKE.rglob("*") if path.is_file() and not {"vars", "sops"} & set(path.parts)]
    texts = {path.relative_to(FLAKE).as_posix(): path.read_text() for path in written if path.name != "flake.lock"}
    assert {"fleet.json", "modules/flake/clan.nix", "validation/fleet.json"} <= set(texts)
    assert {path: found for path, text in texts.items() if (found := list(addresses(text)))} == {}


def test_no_file_of_the_flake_holds_a_private_key() -> None:
    assert _PRIVATE_KEY.search("-----BEGIN OPENSSH PRIVATE KEY-----"), "the search is blind"
    files = [path for path in FLAKE.rglob("*") if path.is_file()]
    assert [path for path in files if _PRIVATE_KEY.search(path.read_text(errors="replace"))] == []


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_a_fingerprint_reads_the_machine_s_own_file_its_aspects_and_what_all_share(machine: str) -> None:
    modules, aspects = machine_modules(), aspect_files()
    read = set(SOURCES.read_by(machine))
    assert {"flake.nix", "modules/flake/clan.nix", "modules/flake/fleet.nix", modules[machine].path} <= read
    assert read & {module.path for module in modules.values()} == {modules[machine].path}, "another machine's file"
    assert read & set().union(*aspects.values()) == modules[machine].read


def test_editing_a_machine_s_file_changes_the_fingerprint_of_that_machine_alone() -> None:
    modules = machine_modules()
    for machine in MACHINES:
        assert changed_by_editing(modules[machine].path) == {machine}
    for machine in set(modules) - set(MACHINES):
        assert changed_by_editing(modules[machine].path) == set(), f"{machine} is switched off"


def test_editing_an_aspect_changes_the_fingerprints_of_those_that_import_it() -> None:
    modules = machine_modules()
    for path in set().union(*aspect_files().values()):
        assert changed_by_editing(path) == {machine for machine in MACHINES if path in modules[machine].read}, path


def test_editing_what_all_machines_share_changes_every_fingerprint() -> None:
    for path in ("flake.nix", "modules/flake/clan.nix", "modules/flake/fleet.nix"):
        assert changed_by_editing(path) == set(MACHINES)
