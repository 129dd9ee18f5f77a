"""What of a clan's vars concerns a machine, and whether it has changed since the machine was given it."""

from pathlib import Path

import pytest

from fediversity.ledger.sqlite import Ledger
from fediversity.ledger.vars_hashes import changed_vars, vars_folder, vars_hashes

OAK = {
    "vars/per-machine/oak/openssh/ssh.id_ed25519/secret",
    "vars/shared/ca/key/secret",
    "vars/shared/mesh/network-id/value",
    "sops/machines/oak/key.json",
    "sops/secrets/oak-age.key/secret",
    "sops/secrets/token/secret",
}
OTHERS = {
    "vars/per-machine/elm/openssh/ssh.id_ed25519/secret",
    "vars/shared/only-for-people/key/secret",
    "sops/machines/elm/key.json",
    "sops/secrets/elm-age.key/secret",
}
LISTED = ("vars/shared/ca/key", "sops/secrets/token")


@pytest.fixture
def flake(tmp_path: Path) -> Path:
    for name in OAK | OTHERS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"ENC[{name}]")
    for name in LISTED:
        (tmp_path / name / "machines").mkdir()
        (tmp_path / name / "machines" / "oak").symlink_to("../../../../../sops/machines/oak")
    (tmp_path / "vars/shared/ca/key/users").mkdir()
    (tmp_path / "vars/shared/ca/key/users/gardener").symlink_to("nowhere")
    return tmp_path


def test_a_machine_has_its_own_vars_public_ones_and_the_secrets_that_name_it(flake: Path) -> None:
    assert set(vars_hashes(flake, ["oak"])["oak"]) == OAK


@pytest.mark.parametrize("name", sorted(OAK))
def test_whatever_of_it_is_written_anew_has_changed(flake: Path, name: str) -> None:
    given = vars_hashes(flake, ["oak"])["oak"]

    (flake / name).write_text("ENC[another]")

    assert changed_vars(given, vars_hashes(flake, ["oak"])["oak"]) == (name,)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_what_is_others_is_no_change(flake: Path, name: str) -> None:
    given = vars_hashes(flake, ["oak"])["oak"]

    (flake / name).write_text("ENC[another]")

    assert changed_vars(given, vars_hashes(flake, ["oak"])["oak"]) == ()


def test_what_is_new_was_never_given_and_what_is_gone_or_not_for_the_machine_any_more_has_changed(flake: Path) -> None:
    given = vars_hashes(flake, ["oak"])["oak"]

    (flake / "vars/per-machine/oak/new").write_text("value")
    (flake / "sops/secrets/token/machines/oak").unlink()
    (flake / "vars/shared/mesh/network-id/value").unlink()

    assert changed_vars(given, vars_hashes(flake, ["oak"])["oak"]) == (
        "sops/secrets/token/secret",
        "vars/shared/mesh/network-id/value",
    )


def test_a_flake_without_vars_gives_nothing(tmp_path: Path) -> None:
    assert vars_hashes(tmp_path, ["oak"]) == {"oak": {}}


def test_simulated_machines_have_their_vars_beside_the_ledger(tmp_path: Path) -> None:
    assert vars_folder(Path("nix"), tmp_path, simulated=False) == Path("nix")
    assert vars_folder(Path("nix"), tmp_path, simulated=True) == tmp_path / "cloud" / "flake"


def test_the_ledger_keeps_the_newest_and_the_mark_until_there_is_another(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    assert ledger.given() == {}
    ledger.create()

    ledger.record_vars("oak", {"a": "1"}, 7)
    ledger.record_vars("oak", {"a": "2"}, None)

    assert (ledger.given()["oak"].files, ledger.given()["oak"].mark) == ({"a": "2"}, 7)
    ledger.record_vars("oak", {"a": "2"}, 8)
    assert ledger.given()["oak"].mark == 8


def test_a_renamed_machine_keeps_what_it_was_given(tmp_path: Path) -> None:
    Ledger(tmp_path / "ledger.sqlite").create()
    Ledger(tmp_path / "ledger.sqlite").record_vars("oak", {"a": "1"}, 7)
    renamed = Ledger(tmp_path / "ledger.sqlite", {"oak": "elm"})
    assert renamed.given()["elm"].files == {"a": "1"}

    renamed.carry_over()
    renamed.carry_over()

    assert list(Ledger(tmp_path / "ledger.sqlite").given()) == ["elm"]
