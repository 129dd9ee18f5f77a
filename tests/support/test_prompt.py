"""The yes/no question: only a clear yes is one."""

import io

import pytest

from fediversity.support.prompt import can_ask, confirm


class Terminal(io.StringIO):
    """Standard input on which a person types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "agreed"), [("y\n", True), ("YES\n", True), ("\n", False), ("no\n", False), ("yo\n", False), ("", False)]
)
def test_only_y_and_yes_agree(typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    assert can_ask()
    assert confirm("Go on?") is agreed


def test_without_a_terminal_there_is_no_question_and_no_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert not can_ask()
    assert not confirm("Go on?")
    assert capsys.readouterr().out == ""
