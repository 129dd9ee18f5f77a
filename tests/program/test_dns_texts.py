"""TXT values in the form of each provider, and back again as a name server would read them."""

import random
import re
from collections.abc import Callable

import pytest

from fediversity.embedded_cloud.plugins import dns
from fediversity.program.dns_records import quoted, quoted_utf8

DKIM = "v=DKIM1; k=rsa; p=" + "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 12
HAND_PICKED = ("v=spf1 -all", DKIM, 'a "quoted" \\ word', "ümlaut, ✉ and 𝛑", '"', "\\", "x" * 255, "ü" * 128, "\t\x7f")

FORMS: dict[str, tuple[Callable[[str], str], bool]] = {"google": (quoted, False), "hetzner": (quoted_utf8, True)}


def read(value: str) -> tuple[bytes, list[int]]:
    """The bytes that a value stands for, and how many each of its strings has (RFC 1035, 5.1)."""
    strings = [re.sub(r'^"|"$', "", part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', value)]

    def plain(escape: re.Match[bytes]) -> bytes:
        return bytes([int(escape[1])]) if escape[1].isdigit() else escape[1]

    parts = [re.sub(rb"\\(\d{3}|.)", plain, string.encode(), flags=re.DOTALL) for string in strings]
    return b"".join(parts), [len(part) for part in parts]


def texts() -> list[str]:
    """Chosen texts and random ones of every kind of letter, around the bounds of a string."""
    chance = random.Random(1035)  # noqa: S311 (no secret)
    letters = "aZ09 ;=\"\\'é✉𝛑\x01"
    return [*HAND_PICKED, *("".join(chance.choices(letters, k=chance.randrange(1, 700))) for _ in range(200))]


@pytest.mark.parametrize("provider", FORMS)
def test_a_text_is_read_as_it_was_written_and_taken_by_the_simulated_provider(provider: str) -> None:
    form, utf8 = FORMS[provider]
    for text in texts():
        content, sizes = read(form(text))
        assert content == text.encode()
        assert max(sizes) <= 255
        assert not list(dns.value_problems("value", "TXT", form(text), absolute=True, utf8=utf8)), text


def test_google_gets_ascii_and_hetzner_whole_letters() -> None:
    assert quoted("ümlaut") == r'"\195\188mlaut"'
    assert quoted_utf8("ümlaut") == '"ümlaut"'
    assert quoted_utf8("x" + "ü" * 127 + "y") == f'"x{"ü" * 127}" "y"'
    assert quoted_utf8("ü" * 128) == f'"{"ü" * 127}" "ü"'


def test_a_long_text_is_split_and_a_short_one_is_not() -> None:
    assert quoted("a" * 255) == f'"{"a" * 255}"'
    assert quoted("a" * 256) == f'"{"a" * 255}" "a"'
    assert quoted('a "b" \\c') == r'"a \"b\" \\c"'
    assert quoted("a\tb") == quoted_utf8("a\tb") == r'"a\009b"'
