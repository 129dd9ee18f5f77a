"""Asking clan for a secret."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from fediversity.fleet.secret_scan import printable
from fediversity.support.errors import FediversityError

_SECONDS = 60.0


class ClanSecretError(FediversityError):
    """clan has no such secret, or could not be asked; the text says why and holds no secret."""


def clan_secret(name: str, flake: Path, environ: Mapping[str, str]) -> str:
    """What `clan secrets get` prints. The secret is in no argument, file or message. Raises ClanSecretError."""
    command = ["clan", "secrets", "get", name, "--flake", str(flake)]
    try:
        done = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise ClanSecretError("there is no `clan` on PATH") from None
    except subprocess.TimeoutExpired:
        raise ClanSecretError(f"clan did not answer within {_SECONDS:.0f} s") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise ClanSecretError(f"clan says: {printable(last)}")
    if not (value := done.stdout.strip()):
        raise ClanSecretError("it is empty")
    return value
