"""A machine's fingerprint changes with what its configuration reads, and with nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fediversity.fleet.fleet_json import render
from fediversity.fleet.load import parse_fleet
from fediversity.planning.fingerprint import FlakeSources, fingerprints, machine_fingerprint

FLEET = """\
version: 1
name: garden
domain: mesh
machines:
  oak: {machineClass: nixos, system: x86_64-linux, tags: [web], provider: {kind: existing, host: oak.example}}
  elm: {machineClass: nixos, system: x86_64-linux, provider: {kind: existing, host: elm.example}}
  moss: {machineClass: darwin, system: aarch64-darwin, provider: {kind: darwin, host: moss.example}}
instances:
  doors: {module: sshd, roles: {server: {tags: [web]}}}
  gates: {module: sshd, roles: {server: {machines: [elm]}}}
"""

FLAKE = {
    "flake.nix": "{ outputs = inputs: inputs.flake-parts.lib.mkFlake { } (inputs.import-tree ./modules); }",
    "flake.lock": "{}",
    "fleet.json": "{}",
    "modules/clan.nix": 'machines = lib.mapAttrs (name: _: modules.nixos."machines/${name}"); read ../lib/names.nix',
    "modules/aspects/base.nix": "# oak and elm\nflake.modules.nixos.base = { imports = [ nixos.firewall ]; };",
    "modules/aspects/firewall.nix": "flake.modules.nixos.firewall.networking.firewall.enable = true;",
    "modules/aspects/web.nix": "flake.modules.nixos.web = { root = ./web; };",
    "modules/aspects/web/index.html": "hello",
    "modules/aspects/web/unread/deep.txt": "deep",
    "modules/aspects/mac.nix": "flake.modules.darwin.base = { };",
    "modules/aspects/shell.nix": "flake.modules.homeManager.shell = { };",
    "modules/aspects/unused.nix": "flake.modules.nixos.unused = { };",
    "modules/machines/oak.nix": (
        'flake.modules.nixos."machines/oak" = { imports = [ nixos.base nixos.web ]; }; # not: nixos.unused, #unused'
    ),
    "modules/machines/oak-disk.nix": 'flake.modules.nixos."machines/oak".disk = "/dev/sda";',
    "modules/machines/elm.nix": (
        'flake.modules.nixos."machines/elm" = { imports = [ nixos.base homeManager.shell ]; like = "oak"; };'
    ),
    "modules/machines/moss.nix": 'flake.modules.darwin."machines/moss" = { imports = [ darwin.base ]; };',
    "lib/names.nix": "[ ]",
    "README.md": "about oak",
    "vars/shared/network-id/value": "1",
    ".git/HEAD": "ref",
}


def rendered(text: str = FLEET) -> dict[str, Any]:
    return render(parse_fleet(text, "fleet.yaml"))


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


@pytest.fixture
def flake(tmp_path: Path) -> Path:
    return write(tmp_path / "nix", FLAKE)


def changed(flake: Path, files: Mapping[str, str], fleet: str = FLEET) -> set[str]:
    """The machines whose fingerprint differs after files and the fleet have been edited."""
    before = fingerprints(flake, rendered())
    write(flake, files)
    after = fingerprints(flake, rendered(fleet))
    return {machine for machine in before if before[machine] != after[machine]}


@pytest.mark.parametrize(
    ("file", "machines"),
    [
        ("modules/machines/oak.nix", {"oak"}),
        ("modules/machines/oak-disk.nix", {"oak"}),
        ("modules/machines/elm.nix", {"elm"}),
        ("modules/machines/moss.nix", {"moss"}),
        ("modules/aspects/web.nix", {"oak"}),
        ("modules/aspects/base.nix", {"oak", "elm"}),
        ("modules/aspects/firewall.nix", {"oak", "elm"}),
        ("modules/aspects/mac.nix", {"moss"}),
        ("modules/aspects/shell.nix", {"elm"}),
        ("modules/aspects/unused.nix", set()),
        ("modules/aspects/web/index.html", {"oak"}),
        ("modules/aspects/web/unread/deep.txt", {"oak"}),
        ("modules/clan.nix", {"oak", "elm", "moss"}),
        ("lib/names.nix", {"oak", "elm", "moss"}),
        ("flake.nix", {"oak", "elm", "moss"}),
        ("flake.lock", {"oak", "elm", "moss"}),
        ("fleet.json", set()),
        ("README.md", set()),
        ("vars/shared/network-id/value", set()),
        (".git/HEAD", set()),
    ],
)
def test_editing_a_file_changes_exactly_the_machines_that_read_it(flake: Path, file: str, machines: set[str]) -> None:
    assert changed(flake, {file: FLAKE[file] + "\n"}) == machines


def test_a_name_in_a_comment_is_no_use_of_it(flake: Path) -> None:
    assert changed(flake, {"modules/aspects/unused.nix": "flake.modules.nixos.unused = { a = 1; };"}) == set()


def test_an_option_that_is_called_like_an_aspect_is_no_use_of_it(flake: Path) -> None:
    write(flake, {"modules/aspects/base.nix": FLAKE["modules/aspects/base.nix"] + "services.unused.web = true;"})
    assert changed(flake, {"modules/aspects/unused.nix": "flake.modules.nixos.unused = { a = 1; };"}) == set()
    assert changed(flake, {"modules/aspects/web.nix": FLAKE["modules/aspects/web.nix"] + "\n"}) == {"oak"}


@pytest.mark.parametrize(
    "opened",
    [
        "let inherit (config.flake.modules.nixos) web; in",
        "with config.flake.modules.nixos;",
        "imports = with nixos; [ web ];",
    ],
)
def test_where_a_class_is_opened_any_word_may_be_an_aspect_s_name(flake: Path, opened: str) -> None:
    text = f'{opened} flake.modules.nixos."machines/elm" = {{ imports = [ web ]; }};'
    write(flake, {"modules/machines/elm-more.nix": text})
    assert changed(flake, {"modules/aspects/web.nix": FLAKE["modules/aspects/web.nix"] + "\n"}) == {"oak", "elm"}


def test_a_sentence_with_a_class_in_it_opens_none(flake: Path) -> None:
    said = 'flake.modules.nixos."machines/elm".x = "name a machine with machineClass nixos";\ny = "web";'
    write(flake, {"modules/machines/elm-more.nix": said})
    assert changed(flake, {"modules/aspects/web.nix": FLAKE["modules/aspects/web.nix"] + "\n"}) == {"oak"}


def test_a_definition_in_a_comment_defines_nothing(flake: Path) -> None:
    write(flake, {"modules/machines/elm.nix": FLAKE["modules/machines/elm.nix"] + "\n# flake.modules.nixos.web = 1;"})
    assert changed(flake, {"modules/machines/elm.nix": FLAKE["modules/machines/elm.nix"] + "\n"}) == {"elm"}


def test_a_new_file_that_adds_to_an_aspect_changes_those_that_import_it(flake: Path) -> None:
    assert changed(flake, {"modules/aspects/web-tls.nix": "flake.modules.nixos.web = { tls = true; };"}) == {"oak"}


def test_a_new_module_without_a_name_for_machines_changes_all(flake: Path) -> None:
    assert changed(flake, {"modules/systems.nix": "{ systems = [ ]; }"}) == {"oak", "elm", "moss"}


def test_what_generates_vars_has_a_state_of_its_own(flake: Path) -> None:
    before = FlakeSources.read(flake).generators
    write(flake, {"modules/aspects/web.nix": FLAKE["modules/aspects/web.nix"] + "\n"})
    assert FlakeSources.read(flake).generators == before
    write(flake, {"modules/aspects/web.nix": "flake.modules.nixos.web.clan.core.vars.generators.key = { };"})
    assert FlakeSources.read(flake).generators != before


def test_shells_and_checks_are_for_people_and_change_no_machine(flake: Path) -> None:
    shell = "{ inputs, ... }:\n{\n  perSystem = { pkgs, ... }: { devShells.default = pkgs.hello; };\n}\n"
    assert changed(flake, {"modules/shell.nix": shell}) == set()
    both = shell.replace("\n}\n", "\n  flake.overlays.default = { };\n}\n")
    assert changed(flake, {"modules/shell.nix": both}) == {"oak", "elm", "moss"}


@pytest.mark.parametrize(
    "text",
    [
        "flake.modules.nixos = { mail = { }; };",
        "flake.modules = { nixos.mail = { }; };",
        "flake = { modules.nixos.mail = { }; };",
        "flake.modules.nixos.one = { }; flake.modules.nixos = { mail = { }; };",
    ],
)
def test_definitions_that_cannot_be_told_by_name_count_for_all(flake: Path, text: str) -> None:
    write(flake, {"modules/group.nix": text})
    assert changed(flake, {"modules/group.nix": f"{text}\n"}) == {"oak", "elm", "moss"}


def test_a_machine_module_may_be_named_plainly_or_with_its_class(flake: Path) -> None:
    plain = "flake.modules.nixos.oak = { };"
    with_class = 'flake.modules.nixos."machines/nixos/elm" = { };'
    write(flake, {"modules/plain.nix": plain, "modules/class.nix": with_class})
    assert "oak" in changed(flake, {"modules/plain.nix": f"{plain}\n"})
    assert changed(flake, {"modules/class.nix": f"{with_class}\n"}) == {"elm"}


def test_adding_a_machine_to_a_role_s_tag_changes_the_members_of_the_role(flake: Path) -> None:
    fleet = FLEET.replace("elm: {machineClass: nixos,", "elm: {machineClass: nixos, tags: [web],")
    assert changed(flake, {}, fleet) == {"oak", "elm"}


def test_a_new_machine_in_a_role_changes_its_members_and_nobody_else(flake: Path) -> None:
    line = (
        "  ash: {machineClass: nixos, system: x86_64-linux, tags: [web], provider: {kind: existing, host: a.example}}\n"
    )
    assert changed(flake, {}, FLEET.replace("  moss:", f"{line}  moss:")) == {"oak"}


def test_a_setting_of_a_role_changes_those_that_hold_a_role_of_the_instance(flake: Path) -> None:
    fleet = FLEET.replace("{tags: [web]}", "{tags: [web], settings: {generateRootKey: true}}")
    assert changed(flake, {}, fleet) == {"oak"}


def test_what_the_fleet_says_of_one_machine_changes_that_machine(flake: Path) -> None:
    assert changed(flake, {}, FLEET.replace("elm: {", "elm: {ssh: {port: 2200}, ")) == {"elm"}


def test_an_address_changes_no_fingerprint(flake: Path) -> None:
    assert changed(flake, {}, FLEET.replace("oak.example", "198.51.100.7")) == set()


def test_a_fingerprint_is_a_sha_256_and_the_same_each_time(flake: Path) -> None:
    found = fingerprints(flake, rendered())
    assert found == fingerprints(flake, rendered())
    assert set(found) == {"oak", "elm", "moss"}
    assert all(len(value) == 64 and int(value, 16) >= 0 for value in found.values())
    assert found["oak"] == machine_fingerprint(flake, rendered(), "oak")


def test_moving_text_from_one_file_to_another_changes_the_fingerprint(flake: Path) -> None:
    write(flake, {"modules/a.nix": "{ a = 1; }", "modules/b.nix": "{ }"})
    assert changed(flake, {"modules/a.nix": "{ }", "modules/b.nix": "{ a = 1; }"}) == {"oak", "elm", "moss"}


MESH = FLEET + "  net: {module: zerotier, roles: {controller: {machines: [oak]}}}\n"


def test_a_mac_that_joins_a_mesh_changes_itself_and_whoever_is_in_that_mesh(flake: Path) -> None:
    joined = MESH.replace("host: moss.example}}", "host: moss.example}, mesh: net}")
    before, after = fingerprints(flake, rendered(MESH)), fingerprints(flake, rendered(joined))
    assert {machine for machine in before if before[machine] != after[machine]} == {"oak", "moss"}


def test_a_machine_added_to_a_mesh_changes_the_macs_that_joined_it(flake: Path) -> None:
    joined = MESH.replace("host: moss.example}}", "host: moss.example}, mesh: net}")
    grown = joined.replace("controller: {machines: [oak]}", "controller: {machines: [oak]}, peer: {machines: [elm]}")
    before, after = fingerprints(flake, rendered(joined)), fingerprints(flake, rendered(grown))
    assert {machine for machine in before if before[machine] != after[machine]} == {"oak", "elm", "moss"}


def test_a_flake_inside_the_flake_is_none_of_its_machines_business(flake: Path) -> None:
    inner = {f"trial/{path}": content for path, content in FLAKE.items()}
    assert changed(flake, inner) == set()
    own = fingerprints(flake / "trial", rendered())
    assert own == fingerprints(flake, rendered()), "by itself it is a flake like any other"


def test_links_are_not_followed(flake: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "store", {"modules/outside.nix": "{ }"})
    (flake / "result").symlink_to(outside)
    (flake / "modules" / "linked.nix").symlink_to(outside / "modules" / "outside.nix")
    assert not [path for path in FlakeSources.read(flake).files if "outside" in path or "linked" in path]


def test_a_flake_that_is_not_there_has_fingerprints_of_the_fleet_alone(tmp_path: Path) -> None:
    assert len(set(fingerprints(tmp_path / "nowhere", rendered()).values())) == 3
