"""Tests systems built from a flake: their store paths and contents."""

import json
from pathlib import Path

import pytest

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.store import realise_source, store_hash
from fediversity.embedded_cloud.tools.system import build, system_path
from fediversity.planning.fingerprint import machine_fingerprint
from tests.simulated_machines.sites import fleet


@pytest.fixture
def flake(tmp_path: Path) -> Flake:
    folder = tmp_path / "nix"
    folder.mkdir()
    (folder / "flake.nix").write_text("{ }")
    (folder / "fleet.json").write_text(json.dumps(fleet()))
    return Flake.load(folder)


def give_network(flake: Flake) -> None:
    value = flake.folder / "vars/shared/zerotier-network-mesh/network-id/value"
    value.parent.mkdir(parents=True)
    value.write_text("8056c2e21c000001")


def test_a_hash_has_32_letters_of_nixs_alphabet() -> None:
    assert store_hash("0" * 64) == "0" * 32
    assert store_hash("f" * 64) == "z" * 32
    assert not set("eout") & set(store_hash("0123456789abcdef" * 4))


def test_the_path_of_a_system_follows_from_the_machines_fingerprint(flake: Flake) -> None:
    digest = machine_fingerprint(flake.folder, fleet(), "ares")
    assert system_path(flake, "ares") == f"/nix/store/{store_hash(digest)}-nixos-system-ares-26.05"


def test_a_system_contains_what_is_deployed_on_its_machine(flake: Flake, tmp_path: Path) -> None:
    give_network(flake)
    asked = flake.deployments_on("boreas")
    other = {"social": {**asked["social"], "domain": "other.example"}}
    paths = {system_path(flake, "boreas", requests) for requests in ({}, asked, other)}
    assert len(paths) == 3
    assert system_path(flake, "boreas") == system_path(flake, "boreas", asked) in paths
    system = tmp_path / Path(build(flake, "boreas", tmp_path)).name
    written = json.loads((system / "etc/fediversity/deployments/social.json").read_text())
    assert (written["application"], written["domain"], written["simulated"]) == ("mastodon", "social.example", True)


def test_a_system_does_not_run_what_is_switched_off(flake: Flake, tmp_path: Path) -> None:
    give_network(flake)
    off = {"social": {**flake.deployments_on("boreas")["social"], "enable": False}}
    system = tmp_path / Path(build(flake, "boreas", tmp_path, off)).name
    assert not (system / "etc/fediversity/deployments").exists()


def test_a_system_that_reads_a_var_which_is_not_there_is_not_built(flake: Flake, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="zerotier-network-mesh/network-id has not been generated yet"):
        build(flake, "boreas", tmp_path / "store")
    give_network(flake)
    build(flake, "boreas", tmp_path / "store")


def test_a_machine_that_is_not_in_the_fleet_is_not_built(flake: Flake, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="does not provide a configuration of the machine 'nobody'"):
        build(flake, "nobody", tmp_path / "store")


def test_secret_vars_are_not_in_the_source(flake: Flake, tmp_path: Path) -> None:
    overlay, store = tmp_path / "overlay", tmp_path / "store"
    for name, text in (("a/value", "public"), ("b/secret", "geheim")):
        (overlay / "vars/shared/x" / name).parent.mkdir(parents=True)
        (overlay / "vars/shared/x" / name).write_text(text)
    source = store / Path(realise_source(flake.folder, overlay, store)).name
    assert (source / "vars/shared/x/a/value").read_text() == "public"
    assert not list(source.rglob("secret"))


def test_the_same_source_has_the_same_path_and_a_changed_one_another(flake: Flake, tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = realise_source(flake.folder, tmp_path / "overlay", store)
    assert realise_source(flake.folder, tmp_path / "overlay", store) == first
    (flake.folder / "flake.nix").write_text("{ x = 1; }")
    assert realise_source(flake.folder, tmp_path / "overlay", store) != first
