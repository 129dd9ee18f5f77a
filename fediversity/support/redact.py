"""Removes secrets from text before it is written anywhere."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

HIDDEN = "[redacted]"

_SHORTEST = 6
_LONGEST_KEY_LINES = 256
_SECRET_NAME = re.compile(
    r"(?i)(token|passphrase|password|passwd|secret|private_?key|credentials|api_?key)|(pass|_key|_pat|_auth)$"
)
_KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----")
_WHOLE_KEY = re.compile(rf"{_KEY_BEGINS.pattern}[\s\S]*?{_KEY_ENDS.pattern}")
_OPEN_KEY = re.compile(rf"{_KEY_BEGINS.pattern}[\s\S]*\Z")
_TOKEN = re.compile(
    r"AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{40,}"
    r"|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bya29\.[A-Za-z0-9_-]{20,}"
    r"|\bpul-[0-9a-f]{40}\b"
)
_ASSIGNED = re.compile(
    r"(?i)("
    r"\bbearer (?=[A-Za-z0-9._~+/-]{16})|authorization: basic "
    r"|(?:password|passwd|passphrase|token|api[_-]?key|private[_-]?key)[\"']?\s{0,4}[=:]\s{0,4}[\"']?"
    r"|://[^/\s:@]{1,64}:(?=[^/\s@]{1,256}@)"
    r")(?!\[redacted\])([^\s\"',;&@]+)"
)
"""The text before a secret: a word that announces it, or the user in a URL."""


class Redactor:
    """Hides the secrets it is given, and everything that looks like a key or a token.

    A secret of several lines is hidden line by line, except lines shorter than 6 characters: they occur everywhere.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        lines = {line.strip() for secret in secrets for line in secret.splitlines()}
        self._given = frozenset(line for line in lines if len(line) >= _SHORTEST)
        # Tools also print their input as JSON.
        forms = self._given | {json.dumps(line)[1:-1] for line in self._given}
        self._known = sorted(forms, key=lambda form: (-len(form), form))

    def __call__(self, text: str) -> str:
        return self._without_values(_OPEN_KEY.sub(HIDDEN, _without_whole_keys(text)))

    def with_secret(self, secret: str) -> "Redactor":
        """Returns a redactor that hides one more secret."""
        return Redactor([*self._given, secret])

    def line(self, text: str, key_lines: int) -> tuple[str, int]:
        """Returns one line of a longer text, redacted, and how many lines the private key has that it is in.

        `key_lines` is that number from the line before, 0 for the first line and outside a key. A key that does not end
        counts as ended after 256 lines, so that a text about keys does not hide everything after it.
        """
        if key_lines:
            end = _KEY_ENDS.search(text)
            if end is None:
                return HIDDEN, (key_lines + 1) % _LONGEST_KEY_LINES
            text = HIDDEN + text[end.end() :]
        text = _without_whole_keys(text)
        begins = _KEY_BEGINS.search(text)
        if begins is None:
            return self._without_values(text), 0
        return self._without_values(text[: begins.start()]) + HIDDEN, 1

    def cut(self, text: str, at: int) -> int:
        """Returns the last place up to `at` where the text can be split without splitting a secret."""
        for start, end in sorted(self._spans(text), reverse=True):
            if start < at < end:
                at = start
        return at

    def _without_values(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        return _ASSIGNED.sub(rf"\1{HIDDEN}", _TOKEN.sub(HIDDEN, text))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        whole_keys = [_WHOLE_KEY] if _KEY_ENDS.search(text) else []
        for pattern in (*whole_keys, _KEY_BEGINS, _KEY_ENDS, _TOKEN, _ASSIGNED):
            yield from (match.span() for match in pattern.finditer(text))
        for secret in self._known:
            yield from (match.span() for match in re.finditer(re.escape(secret), text))


def _without_whole_keys(text: str) -> str:
    # Without an end there is no whole key, and to search one after each of many beginnings takes long.
    return _WHOLE_KEY.sub(HIDDEN, text) if _KEY_ENDS.search(text) else text


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """Returns the values of the variables that have the name of a secret."""
    return [value for name, value in environment.items() if _SECRET_NAME.search(name)]
