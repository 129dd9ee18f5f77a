"""Completion in real shells: what the Tab key offers on a command line."""

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fediversity.cli.commands import COMMANDS
from fediversity.cli.completion import machine_names
from fediversity.cli.completion_model import command_lines
from fediversity.cli.main import main
from fediversity.cli.parsers import command_parser

PROJECT = Path(__file__).parents[2]

OFFERS = [
    ("fediversity pre", {"preview"}),
    ("fediversity pl", {"plan", "plugins"}),
    ("fediversity up ", {"dev", "staging"}),
    ("fediversity up --pl", {"--plain"}),
    ("fediversity up dev --ev", {"--events"}),
    ("fediversity preview --plugins ", {"local", "official"}),
    ("fediversity preview --plugins local st", {"staging"}),
    ("fediversity logs ", {"oak", "elm", "moss", "ash", "fern", "yew"}),
    ("fediversity logs oak --stack ", {"dev", "staging"}),
    ("fediversity rollback --stack staging ", {"lime"}),
    ("fediversity probe staging ", {"lime"}),
    ("fediversity local ", {"fault", "faults", "heal"}),
    ("fediversity local heal o", {"oak"}),
    ("fediversity completion ", {"bash", "zsh", "fish"}),
    ("fediversity schema --ch", {"--check"}),
    ("fediversity validate --fleet stacks/st", {"stacks/staging.yaml"}),
]


def ids(lines: list[tuple[str, set[str]]]) -> list[str]:
    return [line for line, _ in lines]


@pytest.fixture
def shell_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two stacks, and `fediversity` on PATH as this checkout's."""
    settings = (project / "Pulumi.dev.yaml").read_text()
    (project / "Pulumi.staging.yaml").write_text(settings.replace("dev.yaml", "staging.yaml"))
    (project / "stacks" / "staging.yaml").write_text("machines:\n  lime: {}\n")
    program = project / "bin" / "fediversity"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m fediversity.cli.main "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    return project


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the three scripts."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        made = subprocess.run(
            [sys.executable, "-m", "fediversity.cli.main", "completion", shell],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            check=True,
            timeout=60,
        )
        (folder / shell).write_bytes(made.stdout)
    return folder


def printed(*command: str | Path) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


def test_every_command_and_every_option_of_its_parser_can_be_completed() -> None:
    lines = {line.words: line for line in command_lines()}
    assert {words[0] for words in lines} == set(COMMANDS)
    for name in COMMANDS:
        shown = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", command_parser(name).format_usage()))
        flags = {flag for option in lines[(name,)].options for flag in option.flags}
        assert shown <= flags, name


@pytest.mark.usefixtures("shell_project")
def test_the_machines_of_a_stack_are_those_of_its_fleet_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "--machines", "staging"]) == 0
    assert capsys.readouterr().out == "lime\n"


@pytest.mark.parametrize("text", ["machines: [", "machines:\n", "[]", ""])
def test_a_fleet_file_that_cannot_be_read_names_no_machine(shell_project: Path, text: str) -> None:
    (shell_project / "stacks" / "staging.yaml").write_text(text)
    assert machine_names(shell_project, "staging") == ()
    assert machine_names(shell_project, "nowhere") == ()


@pytest.mark.usefixtures("shell_project")
@pytest.mark.parametrize(("line", "offered"), OFFERS, ids=ids(OFFERS))
def test_bash_offers_what_fits(scripts: Path, line: str, offered: set[str]) -> None:
    words = line.split(" ")
    # As bash's readline calls it: `complete -p` shows that the function is the one registered for the command.
    code = f"""
set -u
source {shlex.quote(str(scripts / "bash"))}
[[ $(complete -p fediversity) == 'complete -F _fediversity fediversity' ]] || exit 1
COMP_WORDS=({shlex.join(words)})
COMP_CWORD={len(words) - 1}
_fediversity fediversity "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}" 2>/dev/null
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    assert printed("bash", "--norc", "-c", code) == offered


@pytest.mark.usefixtures("shell_project")
def test_bash_completes_a_value_after_an_equals_sign(scripts: Path) -> None:
    code = f"""
source {shlex.quote(str(scripts / "bash"))}
COMP_WORDS=(fediversity logs --stack = sta) COMP_CWORD=4
_fediversity fediversity
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    assert printed("bash", "--norc", "-c", code) == {"staging"}


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish")
@pytest.mark.usefixtures("shell_project")
def test_fish_offers_what_fits(scripts: Path) -> None:
    asked = "\n".join(f"echo =; complete -C {shlex.quote(line)}" for line, _ in OFFERS)
    code = f"source {shlex.quote(str(scripts / 'fish'))}\n{asked}"
    done = subprocess.run(["fish", "--no-config", "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stderr == ""
    answers = [{text.split("\t")[0] for text in part.splitlines()} for part in done.stdout.split("=\n")[1:]]
    assert dict(zip(ids(OFFERS), answers, strict=True)) == dict(OFFERS)


READS_KEYS = "\x1b[?2004h"
"""What zsh prints when its line editor begins: bracketed paste on."""


class Zsh:
    """An interactive zsh without anybody's settings, on a terminal of its own."""

    def __init__(self, script: Path) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "dumb"
            os.execvp("zsh", ["zsh", "-f"])  # noqa: S606 (an interactive shell is what is tested)
        self.unread = ""
        self.run("PS1='> '; autoload -Uz compinit; compinit -D -u")
        self.run("LISTMAX=1000; zstyle ':completion:*' verbose no; setopt auto_list no_list_ambiguous")
        self.run(f"source {shlex.quote(str(script))}")

    def run(self, line: str) -> None:
        """Runs a line, and waits until zsh reads keys again."""
        self.press(f"{line}; echo end-''of-line\n")
        self.read_until("end-of-line\r\n")
        self.read_until(READS_KEYS)

    def press(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def read_until(self, mark: str, seconds: float = 30.0) -> str:
        deadline = time.monotonic() + seconds
        while mark not in self.unread:
            assert time.monotonic() < deadline, f"zsh printed no {mark!r}: {self.unread!r}"
            if select.select([self.terminal], [], [], 0.2)[0]:
                self.unread += os.read(self.terminal, 65536).decode(errors="replace")
        seen, _, self.unread = self.unread.partition(mark)
        return seen

    def end(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh")
@pytest.mark.usefixtures("shell_project")
def test_zsh_offers_what_fits(scripts: Path) -> None:
    everything = set.union(*(offered for _, offered in OFFERS))
    zsh = Zsh(scripts / "zsh")
    try:
        for line, offered in OFFERS:
            # Tab completes or lists, Ctrl-U empties the line again.
            zsh.press(f"{line}\t\x15echo end-''of-line\n")
            seen = zsh.read_until("end-of-line\r\n").partition(line)[2]
            zsh.read_until(READS_KEYS)
            words = set(re.split(r"\s+", f"{line}{seen}"))
            assert words & everything - set(line.split()) == offered, (line, seen)
    finally:
        zsh.end()
