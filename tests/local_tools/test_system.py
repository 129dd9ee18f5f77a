"""What is built out of a flake: store paths, and what must not be in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from fediversity.local.tools.errors import ToolError
from fediversity.local.tools.flake import Flake
from fediversity.local.tools.store import realise_source, store_hash
from fediversity.local.tools.system import Deployment, build, public_settings, system_path
from fediversity.plan.fingerprint import machine_fingerprint
from tests.local_machines.sites import fleet


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
    digest = machine_fingerprint(flake.folder, fleet(), "boreas")
    assert system_path(flake, "boreas") == f"/nix/store/{store_hash(digest)}-nixos-system-boreas-26.05"


def test_a_deployment_changes_the_path_and_is_named_in_it(flake: Flake) -> None:
    one = system_path(flake, "boreas", Deployment("social", "mastodon", {"domain": "a"}))
    two = system_path(flake, "boreas", Deployment("social", "mastodon", {"domain": "b"}))
    assert one != two
    assert one.endswith("-26.05-mastodon")


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


@pytest.mark.parametrize(
    "settings",
    [
        {"password": "geheim"},
        {"adminPassword": "geheim"},
        {"api_token": "geheim"},
        {"mail": {"secret": "geheim"}},
        {"users": [{"name": "a", "privateKey": "geheim"}]},
        {"secret_key": "geheim"},
    ],
)
def test_settings_that_are_secret_by_their_name_are_left_out(settings: dict[str, Any]) -> None:
    assert "geheim" not in json.dumps(public_settings(settings))


def test_other_settings_stay() -> None:
    settings = {"domain": "a", "initialUser": {"username": "b"}, "keyboard": "de", "ports": [1]}
    assert public_settings(settings) == settings
