"""The words of a `fediversity-step` command line.

Read with getopt: to load argparse and build its parser takes a tenth of the runner's start, and every step pays for it.
"""

import getopt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import get_args

from fediversity.ledger.records import StepKind
from fediversity.steps.job import StepError

_USAGE = "usage: fediversity-step VERB SUBJECT --stack STACK [OPTIONS] [-- COMMAND]"


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


@dataclass(frozen=True)
class _Option:
    """An option: its default, how its value is read (None: it has none, and is true where it stands), what it means."""

    default: object
    read: Callable[[str], object] | None
    help: str = ""


_OPTIONS: Mapping[str, _Option] = {
    "stack": _Option(None, str, "the stack; must be given"),
    "timeout": _Option(None, _seconds, "seconds until the step is ended; each kind has its own default"),
    "simulated": _Option(False, None, "use the embedded cloud's stand-in tools"),
    "identity": _Option(None, str, "the SSH private key to log in with; else your agent and configuration"),
    "flake": _Option("nix", str),
    "fleet": _Option("", str, "the fleet's name, part of every machine's identity"),
    "machine": _Option(None, str, "the machine a deployment goes to"),
    "class": _Option("nixos", _class, "nixos or darwin"),
    "user": _Option("root", str),
    "port": _Option(22, _whole),
    "unlock-port": _Option(None, _whole),
    "provider": _Option(None, str, "the kind of provider, whose cap counts"),
    "may-be-offline": _Option(False, None, "put the step off if the machine is off"),
    "gate": _Option(None, str, "machines, by commas, whose update must not have been put off"),
    "reinstall": _Option(None, str, "the id of the server that may be erased although it runs this fleet"),
    "prepared": _Option(False, None, "no installer has run on the server: it came with NixOS"),
    "size": _Option(None, str, "what the server was made as; for another one it is switched off"),
    "formerly": _Option(None, str, "names, by commas, that the machine had before"),
    "instance": _Option(None, str, "the zerotier instance to join"),
    "controller": _Option(None, str, "the machine that controls the mesh"),
    "controller-user": _Option("root", str),
    "controller-port": _Option(22, _whole),
}
_OTHER_NAMES = {"class": "machine_class"}


def read_words(words: Sequence[str]) -> SimpleNamespace:
    """StepKind, subject and options, by name: `unlock_port`, and `machine_class` for `--class`.

    Raises StepError for wrong usage. Prints what there is and raises SystemExit for `--help`.
    """
    if {"--help", "-h"} & set(words):
        print(_help())
        raise SystemExit(0)
    verb, subject, *rest = (*words, "", "")[: max(2, len(words))]
    if not subject or verb.startswith("-") or subject.startswith("-"):
        raise StepError(f"a verb and its subject come first\n{_USAGE}")
    if verb not in get_args(StepKind):
        raise StepError(f"invalid choice: '{verb}' is no verb; choose from {', '.join(get_args(StepKind))}")
    given = {name: option.default for name, option in _OPTIONS.items()} | _options(rest)
    if given["stack"] is None:
        raise StepError(f"--stack is missing\n{_USAGE}")
    named = {_OTHER_NAMES.get(name, name.replace("-", "_")): value for name, value in given.items()}
    return SimpleNamespace(verb=verb, subject=subject, **named)


def _options(words: Sequence[str]) -> dict[str, object]:
    forms = [name if option.read is None else f"{name}=" for name, option in _OPTIONS.items()]
    try:
        pairs, over = getopt.getopt(list(words), "", forms)
    except getopt.GetoptError as error:
        raise StepError(f"{error}\n{_USAGE}") from None
    if over:
        raise StepError(f"'{over[0]}' is one word too many\n{_USAGE}")
    return {flag.removeprefix("--"): _value(flag, text) for flag, text in pairs}


def _value(flag: str, text: str) -> object:
    read = _OPTIONS[flag.removeprefix("--")].read
    try:
        return True if read is None else read(text)
    except ValueError as error:
        raise StepError(f"{flag} '{text}': {error}") from None


def _help() -> str:
    width = max(map(len, _OPTIONS))
    listed = "\n".join(f"  --{name:<{width}}  {option.help}".rstrip() for name, option in _OPTIONS.items())
    return (
        f"{_USAGE}\n\nRun one step of a rollout under supervision.\n\n"
        f"VERB is one of {', '.join(get_args(StepKind))}.\n"
        f"SUBJECT is a machine, a deployment, or the word fleet.\n\n{listed}"
    )
