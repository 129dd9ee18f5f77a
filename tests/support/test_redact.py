"""Secrets in what tools print: never in the log, whatever pieces they come in."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fediversity.steps.log import Log
from fediversity.support.redact import HIDDEN, Redactor, secrets_of

AGE_KEY = "AGE-SECRET-KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2
GITHUB_TOKEN = "ghp_" + "a1B2c3D4e5" * 4
KEY_LINES = [f"{number:02d}" + "abcdEFGH/+" * 6 for number in range(12)]
PRIVATE_KEY = "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *KEY_LINES, "-----END OPENSSH PRIVATE KEY-----"])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "step.log", Redactor(["correct horse battery", "two\nlines of it\n"]))
    yield log
    log.close()


def written(log: Log, tmp_path: Path) -> str:
    log.end_line()
    return (tmp_path / "step.log").read_text()


def feed(log: Log, text: str, size: int) -> None:
    data = text.encode()
    for start in range(0, len(data), size):
        log.feed(data[start : start + size])


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"key: {AGE_KEY}", AGE_KEY),
        ("AGE-SECRET-KEY-PQ-1QQQQQQQQ", "1QQQQQQQQ"),
        (f"cloning with {GITHUB_TOKEN} now", GITHUB_TOKEN),
        ("github_pat_" + "1234567890" * 5, "1234567890" * 5),
        ("glpat-" + "x" * 20, "x" * 20),
        ("ya29." + "x" * 30, "x" * 30),
        ("pul-" + "0" * 40, "0" * 40),
        ("Authorization: Bearer abcdefghijklmnop", "abcdefghijklmnop"),
        ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("password=hunter2hunter", "hunter2hunter"),
        ("Passphrase: hunter2hunter", "hunter2hunter"),
        ('{"password": "hunter2hunter", "user": "x"}', "hunter2hunter"),
        ("GET /?token=abc123def&page=2", "abc123def"),
        ("postgresql://fediversity:hunter2@db/ledger", "hunter2"),
        ("https://x-access-token:abcdef@example.org/x.git", "abcdef"),
        (PRIVATE_KEY.replace("\n", "\\n"), KEY_LINES[3]),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    redacted = Redactor()(f"before {text} after")

    assert secret not in redacted
    assert HIDDEN in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")


@pytest.mark.parametrize(
    "text",
    [
        "copying path '/nix/store/0c6kzph7l0dcbfmjap64f0czdafn3b7x-nixos-system-cinnabar-26.05'",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExampleExampleExampleExampleExampleExampl host",
        "sudo: a password is required",
        "basic configuration of the bearer",
        "ssh://root@127.0.0.1:2222",
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        "-----BEGIN PUBLIC KEY-----",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor()(text) == text


def test_a_secret_that_was_given_is_hidden_wherever_it_stands() -> None:
    redactor = Redactor(["correct horse"]).with_secret('a "quoted" one')

    assert redactor("xcorrect horsey") == f"x{HIDDEN}y"
    assert redactor('told: a "quoted" one') == f"told: {HIDDEN}"
    assert redactor('{"value": "a \\"quoted\\" one"}') == f'{{"value": "{HIDDEN}"}}'


def test_the_longer_of_two_secrets_is_hidden_whole() -> None:
    assert Redactor(["abcdef", "abcdefghij"])("abcdefghij") == HIDDEN


def test_very_short_values_are_not_hidden() -> None:
    assert Redactor(["yes", "", "\n"])("yes, it says yes") == "yes, it says yes"


@pytest.mark.parametrize(
    "name",
    [
        "HCLOUD_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
        "SOPS_AGE_KEY",
        "PGPASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "GOOGLE_CREDENTIALS",
        "SSH_PRIVATE_KEY",
        "SSHPASS",
        "MY_API_KEY",
    ],
)
def test_variables_with_secret_names_hold_secrets(name: str) -> None:
    assert secrets_of({name: "value", "HOME": "/root", "SSH_AUTH_SOCK": "/run/agent"}) == ["value"]


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_a_private_key_in_any_pieces_is_hidden(log: Log, tmp_path: Path, size: int) -> None:
    feed(log, f"before\n{PRIVATE_KEY}\nafter\n", size)

    text = written(log, tmp_path)
    assert not [line for line in KEY_LINES if line[:10] in text]
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


def test_a_private_key_with_a_name_before_each_line_is_hidden(log: Log, tmp_path: Path) -> None:
    feed(log, "".join(f"[cinnabar] {line}\r\n" for line in [*PRIVATE_KEY.splitlines(), "after"]), 50)

    text = written(log, tmp_path)
    assert not [line for line in KEY_LINES if line[:10] in text]
    assert text.endswith("[cinnabar] after\n")


def test_a_private_key_that_does_not_end_hides_the_rest_of_the_output_but_not_for_ever(
    log: Log, tmp_path: Path
) -> None:
    feed(log, "-----BEGIN RSA PRIVATE KEY-----\n" + "".join(f"line {number}\n" for number in range(400)), 1000)

    text = written(log, tmp_path)
    assert "line 200\n" not in text
    assert "line 300\n" in text


def test_a_private_key_that_does_not_end_does_not_hide_what_the_runner_says(log: Log, tmp_path: Path) -> None:
    feed(log, "-----BEGIN RSA PRIVATE KEY-----\nMIIE", 1000)

    log.note("failed: it exited with 1")

    assert "MIIE" not in written(log, tmp_path)
    assert written(log, tmp_path).endswith("# failed: it exited with 1\n")


@pytest.mark.parametrize("secret", [AGE_KEY, GITHUB_TOKEN, "correct horse battery", "password=hunter2hunter"])
@pytest.mark.parametrize("ends_at", range(57_320, 57_440, 40))
def test_a_secret_at_the_cut_of_a_very_long_line_is_hidden(log: Log, tmp_path: Path, secret: str, ends_at: int) -> None:
    # A line is cut about 57344 bytes into it when it has no end after 65536.
    feed(log, "- " * ((ends_at - len(secret)) // 2) + secret + " -" * 20_000, 4096)

    text = written(log, tmp_path).replace("\n", "")
    assert secret[-12:] not in text
    assert secret[9:21] not in text
    assert HIDDEN in text


@pytest.mark.parametrize("begins_at", [0, 57_000, 57_330, 65_500])
def test_a_private_key_in_a_very_long_line_is_hidden(log: Log, tmp_path: Path, begins_at: int) -> None:
    feed(log, "- " * (begins_at // 2) + PRIVATE_KEY.replace("\n", "\\n") + " -" * 40_000, 8192)

    text = written(log, tmp_path).replace("\n", "")
    assert not [line for line in KEY_LINES if line[:10] in text]
    assert text.endswith(" - -")


def test_a_secret_of_several_lines_is_hidden_line_by_line(log: Log, tmp_path: Path) -> None:
    feed(log, "two\nlines of it\n", 5)

    assert written(log, tmp_path) == f"two\n{HIDDEN}\n"


def test_a_secret_is_hidden_from_the_moment_it_is_known(log: Log, tmp_path: Path) -> None:
    log.hide("opensesame\n")

    feed(log, "open it with opensesame please\n", 3)
    log.note("the word was opensesame")

    assert "opensesame" not in written(log, tmp_path)
    assert "opensesame" not in "".join(log.tail)
    assert log.redacted("opensesame") == HIDDEN


@pytest.mark.parametrize("piece", ["-----BEGIN PRIVATE KEY-----", "x", "password=", "://a:", "x\r"])
def test_no_output_takes_long_to_look_through(log: Log, piece: str) -> None:
    begun = time.process_time()

    feed(log, piece * (150_000 // len(piece)), 65_536)

    assert time.process_time() - begun < 2.0


@pytest.mark.usefixtures("log")
def test_the_log_can_be_read_by_its_owner_only(tmp_path: Path) -> None:
    assert (tmp_path / "step.log").stat().st_mode & 0o777 == 0o600
