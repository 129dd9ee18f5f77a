"""`fediversity local`: faults of a simulated stack, by the names of its fleet."""

import shutil
from pathlib import Path

import pytest

from fediversity.cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout of its own, with the stacks of this one."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.staging.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_a_fault_is_set_before_the_rollout_that_makes_the_machine(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "fault", "cinnabar", "drop-at-step", "copy", "--times", "1"]) == 0
    assert main(["local", "fault", "cinnabar", "clock", "-30"]) == 0
    assert main(["local", "faults"]) == 0
    listed = capfd.readouterr().out.splitlines()[-2:]
    assert listed == ["cinnabar  drop-at-step copy (still 1 times)", "cinnabar  clock -30"]
    assert main(["local", "heal"]) == 0
    assert main(["local", "faults"]) == 0
    assert capfd.readouterr().out.endswith("no faults\n")


def test_an_unknown_machine_is_told_with_those_of_the_fleet(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "fault", "cinabar", "silent"]) == 1
    told = capfd.readouterr().err
    assert "there is no machine 'cinabar'; did you mean 'cinnabar'? known: " in told
    assert "electrum" not in told  # switched off: it declares nothing


def test_an_api_fault_is_set_for_a_resource_before_it_is_made(capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("cinnabar-server", "electrum-server", "fleet.example-cinnabar-AAAA", "fediversity-dev-media-bucket"):
        assert main(["local", "fault", name, "api-timeout-after-create", "--times", "1"]) == 0
    assert capfd.readouterr().out.count("api-timeout-after-create (still 1 times)") == 4
    assert main(["local", "fault", "electrum-servr", "api-500"]) == 1
    assert "there is no machine 'electrum-servr'; did you mean 'electrum-server'?" in capfd.readouterr().err
    assert main(["local", "fault", "electrum-server", "silent"]) == 1, "a resource has no network of its own"


def test_a_stack_of_real_machines_has_no_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["local", "fault", "cinnabar", "silent", "--stack", "staging"]) == 1
    assert "only simulated ones have faults" in capsys.readouterr().err
