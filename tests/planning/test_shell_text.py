"""Command lines as text: what a POSIX shell makes of it are the very words, variables filled in."""

import random
import subprocess

import pytest

from fediversity.planning.commands import ADDRESS, shell_text
from fediversity.project.origin import HOME, PROJECT
from tests.planning.samples import DEV_SITE, dev_fleet, plan_of

IPV4, FOLDER = "203.0.113.7", "/srv/a folder; with 'all' \"sorts\" of $signs"
NASTY = "ab '\"`$\\!#&;|<>(){}[]*?~=%\n\t-é"


def made_of(text: str) -> list[str]:
    """The words /bin/sh makes of a text, with the variables set."""
    script = f"printf '%s\\0' {text}"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        env={"FEDIVERSITY_ADDRESS": IPV4, "HOME": "/home/of/nobody"} | {"OTHER": "not to be filled in"},
        input="",
        capture_output=True,
        text=True,
        check=True,
        # sh sets PWD itself when it starts, so the variable is set where the words are used.
        cwd="/",
    )
    return done.stdout.split("\0")[:-1]


def filled_in(word: str) -> str:
    """A word with this module's variables filled in."""
    return word.replace(ADDRESS, IPV4).replace(PROJECT, "/").replace(HOME, "/home/of/nobody")


@pytest.mark.parametrize(
    "word",
    [
        "plain",
        "",
        " ",
        "two words",
        "it's",
        'a "quoted" word',
        "back\\slash",
        "trailing\\",
        "`id`",
        "$(id)",
        "$OTHER",
        "${OTHER}",
        f"{HOME}/x",
        "~/x",
        "*",
        "a\nb",
        "!history",
        "-n",
        "root@host:22?a=1&b=2",
        ADDRESS,
        PROJECT,
        f"root@{ADDRESS}:22",
        f"[{ADDRESS}]:22",
        f'{PROJECT}/it\'s "here" `id` $(id) $OTHER \\ \n',
        f"\\{PROJECT}",
        f"{PROJECT}{ADDRESS}",
    ],
)
def test_the_shell_gives_back_the_word(word: str) -> None:
    assert made_of(shell_text([word])) == [filled_in(word)]


@pytest.mark.parametrize(
    "word", [f"{HOME}S", f"{ADDRESS}_OF_ANOTHER", f"{ADDRESS}2", f"{PROJECT}S", f"{PROJECT}_x", "$FEDIVERSITY_TOKEN"]
)
def test_a_longer_name_is_another_variable_and_is_not_filled_in(word: str) -> None:
    assert made_of(shell_text([word])) == [word]


def test_a_folder_with_a_nasty_name_stays_one_word() -> None:
    script = f"PWD=\"$FOLDER\"; printf '%s\\0' {shell_text([f'path:{PROJECT}/x', 'next'])}"
    done = subprocess.run(["/bin/sh", "-c", script], env={"FOLDER": FOLDER}, capture_output=True, text=True, check=True)
    assert done.stdout.split("\0")[:-1] == [f"path:{FOLDER}/x", "next"]


def test_many_words_of_nasty_letters_come_back_one_by_one() -> None:
    chance = random.Random(7)  # noqa: S311 (the same words each time is the point)
    pieces = [*NASTY, ADDRESS, PROJECT]
    words = ["".join(chance.choices(pieces, k=chance.randint(0, 8))) for _ in range(300)]
    # A variable followed by a letter is another variable's name; those words have a test of their own.
    words = [
        word for word in words if not any(f"{name}{letter}" in word for name in (ADDRESS, PROJECT) for letter in "ab")
    ]
    assert len(words) > 200
    assert made_of(shell_text(words)) == [filled_in(word) for word in words]


def test_the_text_of_a_real_step_reads_like_what_a_person_types() -> None:
    text = shell_text(plan_of(dev_fleet(), DEV_SITE).by_name["cinnabar-install"].command)
    assert text == (
        'clan machines install cinnabar --flake "path:$PWD/nix" --target-host "root@$FEDIVERSITY_ADDRESS:2222" '
        '-i "$PWD/.fediversity/dev/identity" --update-hardware-config nixos-facter '
        "--phases kexec,disko,install,reboot --yes"
    )
