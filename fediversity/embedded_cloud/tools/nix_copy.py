"""Implements `nix copy` to a machine for the simulated `nix`, clan and nixops4."""

import json
import shlex
import subprocess
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fediversity.embedded_cloud.tools import transfer
from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.log import print_lines


@dataclass(frozen=True)
class Destination:
    """A remote store: `ssh-ng://[user@]host[:port][?remote-program=…&remote-store=…]`."""

    target: str
    port: int | None
    remote_program: str
    remote_store: str | None

    @classmethod
    def parse(cls, url: str) -> "Destination":
        """Parses a store URL. Raises `ToolError` for any other kind of store."""
        split = urllib.parse.urlsplit(url)
        if split.scheme != "ssh-ng" or not split.hostname:
            raise ToolError(f"error: the simulated nix copies to ssh-ng:// stores only, not to '{url}'")
        query = urllib.parse.parse_qs(split.query)
        user = f"{split.username}@" if split.username else ""
        program = query.get("remote-program", ["nix-daemon --stdio"])[0]
        store = query.get("remote-store", [None])[0]
        return cls(f"{user}{split.hostname}", split.port, program, store)

    def ssh_command(self, ssh_options: Sequence[str]) -> list[str]:
        """Returns the ssh command that starts the remote daemon."""
        port = ["-p", str(self.port)] if self.port else []
        store = f" --store {shlex.quote(self.remote_store)}" if self.remote_store else ""
        return ["ssh", self.target, *port, *ssh_options, "--", f"{self.remote_program}{store}"]


def copy(paths: Sequence[str], url: str, ssh_options: Sequence[str], store: Path) -> None:
    """Copies store paths from the folder `store` to a machine. Paths that the machine already has are not sent.

    Raises `ToolError`.
    """
    missing_here = [path for path in paths if not _folder(store, path).is_dir()]
    if missing_here:
        raise ToolError(f"error: path '{missing_here[0]}' is not valid")
    command = Destination.parse(url).ssh_command(ssh_options)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as daemon:
        try:
            _send(daemon, paths, store)
        except (BrokenPipeError, ValueError, KeyError):
            daemon.wait()
            raise ToolError(
                f"error: cannot open connection to remote store '{url}': ssh exited {daemon.returncode}"
            ) from None


def _send(daemon: "subprocess.Popen[bytes]", paths: Sequence[str], store: Path) -> None:
    if daemon.stdin is None or daemon.stdout is None:
        raise BrokenPipeError
    daemon.stdin.write(transfer.offer(paths))
    daemon.stdin.flush()
    missing = json.loads(daemon.stdout.readline())["missing"]
    for path in missing:
        print_lines(f"copying path '{path}' (simulated)")
        daemon.stdin.write(transfer.pack(path, _folder(store, path)))
    daemon.stdin.close()
    answer = json.loads(daemon.stdout.readline())
    if "error" in answer:
        raise ToolError(answer["error"])
    if answer["added"] != missing:
        raise ValueError(missing)


def _folder(store: Path, path: str) -> Path:
    return store / Path(path).name
