"""The command lines of clan and NixOps4, as they are typed by hand (grammar: clan-core of 2026-08, nixops4 0.1.0).

A word may hold `$NAME` where the value is known only when the step runs: `$FEDIVERSITY_ADDRESS` for the machine's
address, `$PWD` for the project's folder and `$HOME` for the person's. `shell_text` quotes words so that the shell fills
in exactly those.
"""

import re
import shlex
from collections.abc import Iterable

from fediversity.project.origin import HOME, PROJECT, RolloutOrigin, in_project

ADDRESS = "$FEDIVERSITY_ADDRESS"

_VARIABLE = re.compile(rf"(?:{'|'.join(map(re.escape, (ADDRESS, PROJECT, HOME)))})(?![A-Za-z0-9_])")

Command = tuple[str, ...]


def generate_vars(machines: Iterable[str], site: RolloutOrigin) -> Command:
    """`clan vars generate` for all machines at once: every later clan command would do it for all of them anyway."""
    return ("clan", "vars", "generate", *machines, "--flake", site.flake_reference)


def install(machine: str, user: str, port: int, site: RolloutOrigin) -> Command:
    """`clan machines install`: erases the machine's disks. Writes the hardware report and the date to the flake."""
    key = ("-i", in_project(site.identity)) if site.identity else ()
    return (
        *("clan", "machines", "install", machine, "--flake", site.flake_reference),
        *("--target-host", f"{user}@{ADDRESS}:{port}", *key),
        *("--update-hardware-config", "nixos-facter", "--phases", "kexec,disko,install,reboot", "--yes"),
    )


def update(machine: str, user: str, port: int, site: RolloutOrigin, *, host: str = ADDRESS) -> Command:
    """`clan machines update` of one machine, its host key pinned. clan wants a `host` of IPv6 in brackets.

    Never with a build host: on a Mac that would switch the build host instead of the Mac.
    """
    options = [f"HostKeyAlias={machine}", f"UserKnownHostsFile={PROJECT}/{site.state_dir}/known_hosts/{machine}"]
    if site.identity:
        options += [f"IdentityFile={in_project(site.identity)}", "IdentitiesOnly=yes"]
    target = f"{user}@{host}:{port}?{'&'.join(options)}"
    return (
        *("clan", "machines", "update", machine, "--flake", site.flake_reference),
        *("--host-key-check", "strict", "--target-host", target),
    )


def apply(deployment: str, site: RolloutOrigin) -> Command:
    """`nixops4 apply` of one deployment; runs in the flake's folder and reads what is known only now from a folder."""
    facts = f"path:{PROJECT}/{site.state_dir}/deployments/{deployment}"
    return ("nixops4", "apply", deployment, "--no-interactive", "--override-input", "deployment-config", facts)


def shell_text(words: Iterable[str]) -> str:
    """The words as one line of POSIX shell, in which only the variables of this module are filled in."""
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    if not _VARIABLE.search(word):
        return shlex.quote(word)
    pieces = _VARIABLE.split(word)
    names = _VARIABLE.findall(word)
    escaped = [re.sub(r'([\\"$`])', r"\\\1", piece) for piece in pieces]
    return '"' + "".join(part + name for part, name in zip(escaped, [*names, ""], strict=True)) + '"'
