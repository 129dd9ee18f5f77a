"""What is required of a computer: a skip becomes a failure there, and a word that means nothing is refused."""

import pytest

from tests.requirements import NIX_TOOLS, OPENSSH_SERVER, VARIABLE, required, unavailable


def test_nothing_is_required_if_nothing_is_said() -> None:
    assert required({}) == frozenset()


def test_what_is_named_is_required() -> None:
    assert required({VARIABLE: "nix-tools, openssh-server"}) == {NIX_TOOLS, OPENSSH_SERVER}


def test_a_word_that_means_nothing_is_refused_with_the_words_there_are() -> None:
    with pytest.raises(pytest.UsageError, match=r"unknown nix-tool; known: neighbours, nix-tools, openssh-server"):
        required({VARIABLE: "nix-tool"})


def test_what_is_missing_is_skipped_and_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no cargo"):
        unavailable(NIX_TOOLS, "no cargo")
    monkeypatch.setenv(VARIABLE, NIX_TOOLS)
    with pytest.raises(pytest.fail.Exception, match="no cargo"):
        unavailable(NIX_TOOLS, "no cargo")
    with pytest.raises(pytest.skip.Exception, match="no server"):
        unavailable(OPENSSH_SERVER, "no server")
