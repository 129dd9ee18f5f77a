"""The values of record types that dnspython parses and normalises; the library is loaded when the first one is met.

Every check returns what is wrong and its fix, or None. The library decides whether a value is right; the messages are
our own, and give the library's reason where they know no better.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from fediversity.fleet.dns_owners import Check, Wrong
from fediversity.fleet.dns_values import WrongOne, wrong_target

Codes = Mapping[int, str]
"""The numbers that a field may hold, and what they stand for."""

_LONGEST_QUOTED = 80
"""Characters of a value that a message repeats."""

_NUMBER = re.compile(r"[0-9]{1,5}")
_BYTES = re.compile(r"([0-9A-Fa-f]{2})+")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PLAIN_PARAMETER = re.compile(r'(?<= )(?!ech=)([a-z0-9-]+)="([A-Za-z0-9.,:_-]+)"(?= |$)')


class _UnreadableError(Exception):
    """The library refuses a value; the message is its reason."""


def _normalised(kind: str, value: str) -> str:
    """Returns a value as the library writes it. Raises `_UnreadableError`."""
    import dns.exception  # noqa: PLC0415 (most fleets have no such record, and loading it takes a while)
    import dns.rdata  # noqa: PLC0415

    try:
        return dns.rdata.from_text("IN", kind, value, relativize=False).to_text()
    except dns.exception.DNSException as error:
        raise _UnreadableError(str(error)) from error


def normalised(kind: str) -> Callable[[str], str]:
    """Returns the function that gives the values of a type their canonical form.

    Parameters of HTTPS and SVCB records lose quotes that they do not need: PowerDNS, which many providers run, refuses
    `alpn="h2"` and takes `alpn=h2`, but wants them around an `ech` (DNSControl's issues 2992 and 4608).
    """
    return lambda value: _PLAIN_PARAMETER.sub(r"\1=\2", _normalised(kind, value))


def readable(kind: str, example: str) -> Check:
    """Returns a check that leaves everything to the library."""
    form = f"write it like '{example}'"

    def check(value: str) -> Wrong | None:
        # The library would leave out a comment without a word.
        if set(_QUOTED.sub("", value)) & set(";()"):
            return f"'{_short(value)}' is not {_a(kind)} record", f"{form}; put quotes around a value with ';' or '('"
        return _unreadable(kind, value, form)

    return check


def hashed(kind: str, example: str, fields: Mapping[str, Codes | None], sizes: Mapping[int, int]) -> Check:
    """Returns a check for some numbers and a hash in hexadecimal digits, whose size the last number decides.

    `fields` names the numbers and what each may be, None for any; `sizes` are bytes by the last number.
    """
    form = f"write {', '.join(fields)} and hexadecimal digits: '{example}'"

    def check(value: str) -> Wrong | None:
        words = value.split()
        numbers, data = words[: len(fields)], "".join(words[len(fields) :])
        if not all(map(_NUMBER.fullmatch, numbers)) or not _BYTES.fullmatch(data):
            return f"'{_short(value)}' is not {_a(kind)} record", form
        for (field, codes), number in zip(fields.items(), map(int, numbers), strict=True):
            if codes is not None and number not in codes:
                known = ", ".join(f"{code} ({name})" for code, name in codes.items())
                return f"'{number}' is not the {field} of {_a(kind)} record", f"known: {known}"
        size, wanted = len(data) // 2, sizes.get(int(numbers[-1]), 0)
        if wanted and size != wanted:
            what = f"'{_short(value)}' has a hash of {size} bytes"
            return what, f"a hash of this {list(fields)[-1]} has {wanted}, two digits each: copy the whole of it"
        return _unreadable(kind, value, form)

    return check


def service_binding(kind: str, example: str) -> Check:
    """Returns a check for the value of an HTTPS or SVCB record: priority, target, parameters (RFC 9460)."""
    form = f"write priority, target and parameters: '{example}'"

    def check(value: str) -> Wrong | None:
        words = value.split()
        if len(words) < 2 or not words[0].isdecimal() or not value.isprintable():
            return f"'{_short(value)}' is not {_a(kind)} record", form
        target = words[1]
        if target != "." and (wrong := wrong_target(value, target, value.index(target, len(words[0])), alias=True)):
            return wrong
        if not value.isascii():
            return f"'{_short(value)}' has letters outside ASCII", form
        # The library would leave out a comment without a word.
        if set(_QUOTED.sub("", value)) & set(";()"):
            return f"'{_short(value)}' is not {_a(kind)} record", f"{form}; put quotes around a value with ';' or '('"
        return _unreadable(kind, value, form)

    return check


def _unreadable(kind: str, value: str, form: str) -> Wrong | None:
    try:
        _normalised(kind, value)
    except _UnreadableError as error:
        reason = f": {error}" if str(error) else ""
        return f"'{_short(value)}' is not {_a(kind)} record{reason}", form
    return None


def binding_target(value: str) -> str | None:
    """Returns the name that an HTTPS or SVCB value leads to, without the final dot; None if that is its own."""
    return value.split()[1].removesuffix(".") or None


def one_binding_mode(values: Sequence[str]) -> Iterator[WrongOne]:
    """Checks that a value of priority 0, which makes the name an alias, has no other beside it."""
    aliases = [index for index, value in enumerate(values) if value.split()[0].strip("0") == ""]
    if aliases and len(values) > 1:
        fix = "let it stand alone, or give it a priority from 1 on (RFC 9460)"
        yield aliases[0], "priority 0 makes the name an alias, and clients ignore what stands beside it", fix


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'AEFHILMNORSX' else 'a'} {kind}"


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST_QUOTED else f"{value[:_LONGEST_QUOTED]}…"
