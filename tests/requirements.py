"""What some tests need of the computer: without it they are skipped, or fail where it was promised to be there."""

import os
from collections.abc import Mapping
from typing import NoReturn

import pytest

VARIABLE = "FEDIVERSITY_REQUIRE"
"""Names what must be there, with commas between: a continuous integration that installs a thing wants it used."""

NIX, NIX_TOOLS, OPENSSH_SERVER, NEIGHBOURS = "nix", "nix-tools", "openssh-server", "neighbours"
KNOWN = frozenset({NIX, NIX_TOOLS, OPENSSH_SERVER, NEIGHBOURS})

NO_EVALUATION = "evaluating a flake needs Nix, NIX_INPUTS and ../shared/nix-eval"
NO_NIX = "needs Nix 2.20 or newer on PATH"


def required(environ: Mapping[str, str] = os.environ) -> frozenset[str]:
    """What must be there. Raises pytest.UsageError for a word that means nothing."""
    words = frozenset(word.strip() for word in environ.get(VARIABLE, "").split(",")) - {""}
    if unknown := sorted(words - KNOWN):
        raise pytest.UsageError(f"{VARIABLE}: unknown {', '.join(unknown)}; known: {', '.join(sorted(KNOWN))}")
    return words


def unavailable(what: str, why: str) -> NoReturn:
    """Skips a test that needs something the computer lacks; fails it where that is required."""
    if what in required():
        pytest.fail(f"{VARIABLE} names {what}: {why}", pytrace=False)
    pytest.skip(why)
