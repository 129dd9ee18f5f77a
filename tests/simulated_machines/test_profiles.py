"""Tests Nix profiles: generations are numbered, kept, and unique."""

from pathlib import Path

import pytest

from fediversity.embedded_cloud.machines import profiles
from fediversity.embedded_cloud.machines.filesystem import Root

ONE, TWO = "/nix/store/one", "/nix/store/two"


@pytest.fixture
def root(tmp_path: Path) -> Root:
    root = Root(tmp_path)
    root.mkdir(ONE)
    root.mkdir(TWO)
    return root


def test_each_other_system_is_a_new_generation(root: Root) -> None:
    for path in (ONE, TWO, ONE):
        profiles.set_system(root, path)
    assert [(g.number, g.path, g.current) for g in profiles.generations(root)] == [
        (1, ONE, False),
        (2, TWO, False),
        (3, ONE, True),
    ]


def test_setting_the_current_system_again_makes_no_generation(root: Root) -> None:
    profiles.set_system(root, ONE)
    profiles.set_system(root, ONE)
    assert len(profiles.generations(root)) == 1


def test_the_profile_leads_to_the_current_system(root: Root) -> None:
    profiles.set_system(root, ONE)
    profiles.set_system(root, TWO)
    assert root.canonical(profiles.SYSTEM) == TWO
    profiles.switch(root, None)
    assert root.canonical(profiles.SYSTEM) == ONE


def test_rolling_back_the_first_generation_is_refused(root: Root) -> None:
    profiles.set_system(root, ONE)
    with pytest.raises(profiles.ProfileError, match="no generation older"):
        profiles.switch(root, None)


def test_switching_to_an_unknown_generation_is_refused(root: Root) -> None:
    profiles.set_system(root, ONE)
    with pytest.raises(profiles.ProfileError, match="7 does not exist"):
        profiles.switch(root, 7)
