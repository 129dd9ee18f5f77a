"""Keeping key material out of fleet files and out of messages.

A fleet file is committed, and its problems end up in terminals and CI logs: a key that was pasted by mistake must be
refused without being repeated.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_KEY_MATERIAL = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*(-----END [A-Z0-9 ]*PRIVATE KEY-----)?"
    r"|AGE-SECRET-KEY-1[A-Za-z0-9]*"
    r"|PuTTY-User-Key-File\S*"
)
_LONG_TOKEN = re.compile(r"[A-Za-z0-9+/=_]{32,}")
"""What tokens, keys and hashes look like: no name that a fleet file needs is that long without a hyphen or a dot."""


def key_material(value: Any, where: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yields the locations below `value` whose key or text holds a private key."""
    if isinstance(value, str):
        if _KEY_MATERIAL.search(value):
            yield where
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            here = (*where, key)
            yield from [here] if _KEY_MATERIAL.search(key) else key_material(inner, here)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from key_material(inner, (*where, index))


def printable(text: str) -> str:
    """Returns `text` on one line, safe for a terminal and a log: without keys, long tokens and control characters."""
    text = _KEY_MATERIAL.sub("(a private key)", text)
    text = _LONG_TOKEN.sub(lambda token: f"{token[0][:4]}…", text)
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
