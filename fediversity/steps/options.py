"""The words of a `fediversity-step` command line.

Read with getopt: to load argparse and build its parser takes a tenth of the runner's start, and every step pays for it.
"""

import getopt
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast, get_args

from fediversity.ledger.records import StepKind
from fediversity.steps.job import StepError

_USAGE = "usage: fediversity-step VERB SUBJECT --stack STACK [OPTIONS] [-- COMMAND]"

OptionValue = str | int | float | bool
"""The value of an option as its reader returns it; True for an option without a value."""


def _class(text: str) -> str:
    if text not in ("nixos", "darwin"):
        raise ValueError("invalid choice: choose nixos or darwin")
    return text


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("invalid int value") from None


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("invalid float value") from None


class _Option(NamedTuple):
    """How the value of an option is read (None: it has no value), and what the option means."""

    read: Callable[[str], OptionValue] | None
    help: str = ""


_OPTIONS: Mapping[str, _Option] = {
    "stack": _Option(str, "the stack; must be given"),
    "timeout": _Option(_seconds, "seconds until the step is ended; each kind has its own default"),
    "simulated": _Option(None, "use the embedded cloud's stand-in tools"),
    "identity": _Option(str, "the SSH private key to log in with; else your agent and configuration"),
    "flake": _Option(str, "the folder of the flake; nix if not given"),
    "fleet": _Option(str, "the fleet's name, part of every machine's identity"),
    "machine": _Option(str, "the machine a deployment goes to"),
    "class": _Option(_class, "nixos or darwin; nixos if not given"),
    "user": _Option(str, "the login user; root if not given"),
    "port": _Option(_whole, "the port of SSH; 22 if not given"),
    "unlock-port": _Option(_whole, "the port where an encrypted machine takes its passphrase"),
    "provider": _Option(str, "the kind of provider, whose cap counts"),
    "may-be-offline": _Option(None, "put the step off if the machine is off"),
    "gate": _Option(str, "machines, by commas, whose update must not have been put off"),
    "reinstall": _Option(str, "the id of the server that may be erased although it runs this fleet"),
    "prepared": _Option(None, "no installer has run on the server: it came with NixOS"),
    "size": _Option(str, "what the server was made as; for another one it is switched off"),
    "formerly": _Option(str, "names, by commas, that the machine had before"),
    "instance": _Option(str, "the zerotier instance to join"),
    "controller": _Option(str, "the machine that controls the mesh"),
    "controller-user": _Option(str, "the login user of the controller; root if not given"),
    "controller-port": _Option(_whole, "the port of the controller's SSH; 22 if not given"),
}


class Words(NamedTuple):
    """A command line that was read: the verb, the subject, and the value of each option that was given."""

    verb: StepKind
    subject: str
    options: Mapping[str, OptionValue]


def read_words(words: Sequence[str]) -> Words:
    """Reads verb, subject and options.

    Raises StepError with everything that is wrong. For `--help` it prints the help and raises SystemExit.
    """
    if {"--help", "-h"} & set(words):
        print(_help())
        raise SystemExit(0)
    verb, subject, *rest = (*words, "", "")[: max(2, len(words))]
    if not subject or verb.startswith("-") or subject.startswith("-"):
        raise StepError(f"a verb and its subject come first\n{_USAGE}")
    problems: list[str] = []
    if verb not in get_args(StepKind):
        problems.append(f"invalid choice: '{verb}' is no verb; choose from {', '.join(get_args(StepKind))}")
    options = _read_options(rest, problems)
    if "stack" not in options:
        problems.append("--stack is missing")
    if problems:
        raise StepError("\n".join([*problems, _USAGE]))
    return Words(cast("StepKind", verb), subject, options)


def _read_options(words: Sequence[str], problems: list[str]) -> dict[str, OptionValue]:
    forms = [name if option.read is None else f"{name}=" for name, option in _OPTIONS.items()]
    try:
        pairs, surplus = getopt.getopt(list(words), "", forms)
    except getopt.GetoptError as error:
        # getopt gives up here, so which other options were given is not known.
        raise StepError("\n".join([*problems, str(error), _USAGE])) from None
    if surplus:
        problems.append(f"'{surplus[0]}' is one word too many")
    options: dict[str, OptionValue] = {}
    for flag, text in pairs:
        name = flag.removeprefix("--")
        read = _OPTIONS[name].read
        try:
            options[name] = True if read is None else read(text)
        except ValueError as error:
            problems.append(f"{flag} '{text}': {error}")
    return options


def _help() -> str:
    width = max(map(len, _OPTIONS))
    listed = "\n".join(f"  --{name:<{width}}  {option.help}".rstrip() for name, option in _OPTIONS.items())
    return (
        f"{_USAGE}\n\nRun one step of a rollout under supervision.\n\n"
        f"VERB is one of {', '.join(get_args(StepKind))}.\n"
        f"SUBJECT is a machine, a deployment, or the word fleet.\n\n{listed}"
    )
