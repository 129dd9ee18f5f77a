"""Tests a machine's file system: no path leaves its folder."""

from pathlib import Path

import pytest

from fediversity.embedded_cloud.machines.filesystem import Root


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "secret").write_text("of this computer")
    (tmp_path / "machine").mkdir()
    return Root(tmp_path / "machine")


def test_dots_do_not_climb_out_of_the_machine(root: Root) -> None:
    assert root.canonical("/etc/../../../secret") == "/secret"
    assert not root.exists("../secret")


def test_an_absolute_link_is_followed_from_the_top_of_the_machine(root: Root) -> None:
    root.write("/nix/store/x/file", "content")
    root.link("/run/current-system", "/nix/store/x")
    assert root.text("/run/current-system/file") == "content"
    assert root.canonical("/run/current-system/file") == "/nix/store/x/file"


def test_a_relative_link_cannot_climb_out_either(root: Root) -> None:
    root.link("/escape", "../../../../secret")
    assert root.canonical("/escape") == "/secret"
    assert not root.exists("/escape")


def test_writing_through_a_link_stays_inside(root: Root, tmp_path: Path) -> None:
    root.link("/etc/out", str(tmp_path))
    root.write("/etc/out/secret", "machine's")
    assert (tmp_path / "secret").read_text() == "of this computer"


def test_links_that_lead_in_a_circle_are_an_error_not_an_endless_search(root: Root) -> None:
    root.link("/a", "/b")
    root.link("/b", "/a")
    with pytest.raises(OSError, match="symbolic links"):
        root.canonical("/a")
    assert not root.exists("/a")


def test_removing_a_link_leaves_what_it_leads_to(root: Root) -> None:
    root.write("/kept/file", "x")
    root.link("/link", "/kept")
    root.remove("/link")
    assert root.names("/kept") == ["file"]


def test_a_file_has_its_mode_from_its_first_byte_on(root: Root) -> None:
    root.write("/run/secrets/x", "secret", 0o400)
    assert root.host("/run/secrets/x").stat().st_mode & 0o777 == 0o400


def test_a_file_can_be_replaced_though_it_was_read_only(root: Root) -> None:
    root.write("/x", "old", 0o400)
    root.write("/x", "new", 0o400)
    assert root.text("/x") == "new"
