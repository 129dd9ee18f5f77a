"""`fediversity names`: the names of a fleet's machines."""

import pytest

from fediversity.cli.main import main


def test_each_machine_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["names", "dev"]) == 0
    assert "cinnabar" in capsys.readouterr().out.splitlines()
