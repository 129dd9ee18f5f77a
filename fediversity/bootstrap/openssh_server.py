"""Finds what the tests of real SSH connections need: Debian's OpenSSH server, and sudo.

Installs them only as root, in CI, on Debian. Everywhere else it tells a person what to install.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import fresh_log, run_logged, say

PACKAGES: Mapping[str, str] = {"sshd": "openssh-server", "sudo": "sudo"}
"""The programs that the tests need, and Debian's package of each."""

_SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/sbin")
_POLICY = Path("/usr/sbin/policy-rc.d")
_NO_SERVICES = "#!/bin/sh\n# Nothing that is installed is started: invoke-rc.d(8)\nexit 101\n"


@dataclass(frozen=True)
class Computer:
    """The facts that decide: the programs that are missing, and whether they may be installed."""

    missing: Sequence[str]
    is_root: bool
    has_apt: bool
    in_ci: bool


def decide(computer: Computer) -> tuple[tuple[str, ...], str]:
    """Returns Debian's packages to install, or what to tell a person ("": nothing); never both. A pure function."""
    packages = tuple(PACKAGES[program] for program in computer.missing)
    if not packages:
        return (), ""
    if computer.is_root and computer.has_apt and computer.in_ci:
        return packages, ""
    command = f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
    return (), (
        f"not tested: real SSH connections that need {' and '.join(computer.missing)}; "
        f"to have them: `{command}` (Debian), or your own system's package"
    )


def ensure_openssh_server(paths: Paths, environ: Mapping[str, str]) -> None:
    """Installs what is missing where that is allowed, else tells a person in one line what to install.

    Raises BootstrapError if apt-get fails.
    """
    packages, told = decide(
        Computer(
            missing=[program for program in PACKAGES if find(program, environ) is None],
            is_root=os.geteuid() == 0,
            has_apt=shutil.which("apt-get", path=environ.get("PATH")) is not None,
            in_ci=bool(environ.get("CI")),
        )
    )
    if told:
        say(told)
    if packages:
        say(f"installing {', '.join(packages)} …")
        log = fresh_log(paths.log("openssh-server"))
        env = {**environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
        with _services_stay_off():
            for command in (["apt-get", "update"], install):
                run_logged(command, log=log, env=env, advice="Tests that need them are skipped until they are there.")


def find(program: str, environ: Mapping[str, str]) -> Path | None:
    """Finds a program on PATH or in the folders of root's PATH."""
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    found = shutil.which(program, path=os.pathsep.join([*folders, *_SYSTEM_FOLDERS]))
    return Path(found) if found else None


def find_sshd(environ: Mapping[str, str]) -> Path | None:
    """Returns the full path of the OpenSSH server, which refuses to start by another."""
    return find("sshd", environ)


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Keeps packages from starting services meanwhile, unless the computer has a policy of its own."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(_NO_SERVICES)
    try:
        _POLICY.chmod(0o755)
        yield
    finally:
        _POLICY.unlink()
