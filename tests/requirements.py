"""What some tests need of the computer: without it they are skipped, or fail where it was promised to be there."""

import os
from collections.abc import Mapping
from typing import NoReturn

import pytest

VARIABLE = "FEDIVERSITY_REQUIRE"
"""Names what must be there, with commas between: a continuous integration that installs a thing wants it used."""

NIX_TOOLS, OPENSSH_SERVER, NEIGHBOURS = "nix-tools", "openssh-server", "neighbours"
KNOWN = frozenset({NIX_TOOLS, OPENSSH_SERVER, NEIGHBOURS})


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
