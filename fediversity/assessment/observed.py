"""Defines the criteria that need a machine, and reads the recorded observations.

`docs/assessment/observed.yaml` holds the observations. An observation is valid if it names the criterion, the day, the
observer, the result and the evidence. The latest one of a criterion counts.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fediversity.assessment.context import MACHINE, VALIDATION
from fediversity.assessment.results import How, Outcome, Result, Row, not_checked
from fediversity.support.errors import FediversityError

OBSERVED = Path("docs/assessment/observed.yaml")
_KEYS = ("criterion", "date", "by", "result", "evidence")
_CLAN = f'--flake "path:$PWD/{VALIDATION}"'
_CA = f"clan vars get {MACHINE} openssh-ca/id_ed25519.pub {_CLAN}"

TO_OBSERVE: Mapping[str, tuple[str, str]] = {
    "vars-generated": (
        "clan generates every var, and encrypts the secrets",
        f"clan vars generate {MACHINE} {_CLAN} && clan vars check {MACHINE} {_CLAN}",
    ),
    "built": ("the system builds", f"clan machines build {MACHINE} {_CLAN}"),
    "installed": ("the server is created, and NixOS installed on its encrypted disk", "./just up staging"),
    "unlocked": (
        "it runs again after a reboot and a remote unlock",
        "ssh root@ADDRESS reboot; ssh -t -p 2223 root@ADDRESS systemctl default; ssh root@ADDRESS uptime",
    ),
    "certified-login": (
        "SSH logs in by the host certificate, without a known host key",
        f'echo "@cert-authority *.validation $({_CA})" >ca; '
        "ssh -o UserKnownHostsFile=ca -o StrictHostKeyChecking=yes "
        "-o HostKeyAlias=test-vm.validation root@ADDRESS hostname",
    ),
    "mesh": (
        "it answers another member of the network over ZeroTier",
        f"ssh root@ADDRESS zerotier-cli listnetworks; "
        f'ping -c 3 "$(clan vars get {MACHINE} zerotier-ip-{MACHINE}-zerotier/ip {_CLAN})"',
    ),
    "secret-deployed": (
        "the secret of our own generator is in /run/secrets/vars/, unaltered",
        "ssh root@ADDRESS sha256sum --check /etc/fediversity/validation.sha256",
    ),
    "emergency-login": (
        "the generated password opens the emergency shell at the server's console",
        f"clan vars get {MACHINE} emergency-access/password {_CLAN}",
    ),
}
"""The claim of each criterion and the command line that checks it. ADDRESS is the server's, an output of the stack."""


class ObservedError(FediversityError):
    """Invalid observations; the message lists all problems and the expected format."""


@dataclass(frozen=True)
class Observation:
    """The observation of one criterion by a person on a day."""

    criterion: str
    date: datetime.date
    by: str
    result: Result
    evidence: str


def read(file: Path) -> tuple[Observation, ...]:
    """Reads the observations of a file; none if it does not exist. Raises ObservedError with all problems."""
    if not file.exists():
        return ()
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ObservedError(f"{file}: cannot be read: {error}") from None
    entries = content.get("observations") if isinstance(content, Mapping) else None
    if not isinstance(entries, list):
        raise ObservedError(f"{file}: `observations:` must hold a list; while there are none write `observations: []`")
    problems = [
        f"{file}: observations[{index}]: {problem}"
        for index, entry in enumerate(entries)
        for problem in _problems(entry)
    ]
    if problems:
        raise ObservedError(
            "\n".join([*problems, f"    fix: write each with {', '.join(_KEYS)}, as the file's head shows"])
        )
    return tuple(
        Observation(
            entry["criterion"],
            entry["date"],
            entry["by"].strip(),
            Result.PASS if entry["result"] == "pass" else Result.FAIL,
            " ".join(entry["evidence"].split()),
        )
        for entry in entries
    )


def _problems(entry: Any) -> Sequence[str]:
    if not isinstance(entry, Mapping):
        return ["not a group of `key: value` lines"]
    problems = [f"unknown key '{key}'" for key in entry if key not in _KEYS]
    problems += [f"'{key}' is missing" for key in _KEYS if key not in entry]
    problems += [
        f"'{key}' must not be empty" for key in ("by", "evidence") if key in entry and not _is_text(entry[key])
    ]
    if "criterion" in entry and entry["criterion"] not in TO_OBSERVE:
        problems.append(f"unknown criterion '{entry['criterion']}'; known: {', '.join(TO_OBSERVE)}")
    if "date" in entry and type(entry["date"]) is not datetime.date:
        problems.append(f"the date '{entry['date']}' is not one; write it like 2026-01-31")
    if "result" in entry and entry["result"] not in ("pass", "fail"):
        problems.append(f"the result '{entry['result']}' is neither pass nor fail")
    return problems


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def rows(observations: Sequence[Observation]) -> tuple[Row, ...]:
    """Returns a row for every criterion that needs a machine, with its latest observation."""
    latest = {
        observation.criterion: observation
        for observation in sorted(observations, key=lambda observation: observation.date)
    }
    return tuple(
        Row(name, "machine", claim, How.OBSERVED, _outcome(latest.get(name), command))
        for name, (claim, command) in TO_OBSERVE.items()
    )


def _outcome(observation: Observation | None, command: str) -> Outcome:
    if observation is None:
        return not_checked(f"needs a machine; record the observation in {OBSERVED}", command)
    return Outcome(
        observation.result, f"{observation.evidence} ({observation.date.isoformat()}, {observation.by})", command
    )
