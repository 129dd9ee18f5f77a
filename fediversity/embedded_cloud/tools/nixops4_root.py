"""Simulates the root component of a fleet in nixops4: a composite with one member per deployment.

Each member is a composite with one resource, `nixos`, which pushes a system as nixops4-nixos does. The target is given
by `--override-input deployment-config path:DIR`.
"""

import json
import subprocess
import sys
import tempfile
import threading
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.log import print_lines
from fediversity.embedded_cloud.tools.nix_copy import copy
from fediversity.embedded_cloud.tools.store import realise_source
from fediversity.embedded_cloud.tools.system import build
from fediversity.embedded_cloud.tools.workspace import Workspace

INPUT = "deployment-config"
CONFIG = "deployment.json"
RESOURCE = "nixos"
_SSH = {
    "ConnectTimeout": "10",
    "ConnectionAttempts": "12",
    "KbdInteractiveAuthentication": "no",
    "PasswordAuthentication": "no",
    "StrictHostKeyChecking": "yes",
}


@dataclass(frozen=True)
class Root:
    """The evaluated root component: the fleet of the flake, and the overridden input with the deployment targets."""

    flake: Flake
    config: Mapping[str, Any]
    workspace: Workspace

    @classmethod
    def load(cls, args: Namespace) -> "Root":
        """Evaluates the flake in the current directory. Raises `ToolError`."""
        here = Path.cwd()
        if args.file is not None:
            raise ToolError("the simulated nixops4 evaluates flakes only, no --file")
        if (here / "nixops4.nix").exists():
            raise ToolError("nixops4.nix found in current directory; --override-input not applicable in file mode")
        unknown = [name for name, _ in args.override_input if name != INPUT]
        if unknown:
            raise ToolError(f"the flake has no input `{unknown[0]}` to override")
        references = [reference for _, reference in args.override_input]
        config = _read_config(references[-1]) if references else {}
        return cls(Flake.load(here), config, Workspace.from_environment())

    @property
    def _names(self) -> set[str]:
        """The names of the fleet file's deployments and of those in the input only."""
        return {*self.flake.deployments, *self.config}

    def members(self, path: str) -> list[str]:
        """Returns the members of a composite."""
        if not path:
            return sorted(self._names)
        self._deployment_at(path)
        return [RESOURCE]

    def apply(self, paths: list[str]) -> None:
        """Applies composites in parallel. Raises `ToolError` with all failures."""
        names = sorted(self._names) if paths == [""] else [self._deployment_at(path) for path in paths]
        failures: list[str] = []

        def attempt(name: str) -> None:
            try:
                self._push(name)
            except Exception as error:  # any error: the other members continue
                failures.append(str(error))

        threads = [threading.Thread(target=attempt, args=(name,)) for name in dict.fromkeys(names)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise ToolError("\n".join(sorted(failures)))

    def _deployment_at(self, path: str) -> str:
        name, _, rest = path.partition(".")
        if name not in self._names:
            raise ToolError(f"attribute `{name}` not found")
        if rest and rest != RESOURCE:
            raise ToolError(f"attribute `{rest.split('.')[0]}` not found")
        if rest:
            raise ToolError(f"Expected composite at {path}, but found resource")
        return name

    def _push(self, name: str) -> None:
        if name not in self.config:
            raise ToolError(
                f"{name}.{RESOURCE}: the input {INPUT} has no entry for `{name}`; set it with "
                f"--override-input {INPUT} path:DIR, where DIR contains {CONFIG}"
            )
        entry = self.config[name]
        missing = [key for key in ("user", "host", "hostPublicKey") if not entry.get("ssh", {}).get(key)]
        if missing:
            raise ToolError(f"The option `{name}.{RESOURCE}.ssh.{missing[0]}` was accessed but has no value defined.")
        source = realise_source(self.flake.folder, self.workspace.overlay, self.workspace.store)
        built = Flake.load(self.workspace.store / Path(source).name)
        request = _with_defaults(name, {key: value for key, value in entry.items() if key != "ssh"})
        machine = request["machine"]
        system = build(built, machine, self.workspace.store, {**built.deployments_on(machine), name: request})
        print_lines(f"{name}.{RESOURCE}: applying {system}")
        with tempfile.TemporaryDirectory() as folder:
            self._switch(entry["ssh"], system, Path(folder) / "known_hosts")
        print_lines(f"{name}.{RESOURCE}: done")

    def _switch(self, ssh: Mapping[str, Any], system: str, known_hosts: Path) -> None:
        known_hosts.write_text(f"{ssh['host']} {ssh['hostPublicKey']}\n")
        pairs = _SSH | {"UserKnownHostsFile": str(known_hosts)}
        if ssh.get("port"):
            pairs["Port"] = str(ssh["port"])
        identity = ["-i", ssh["identityFile"], "-o", "IdentitiesOnly=yes"] if ssh.get("identityFile") else []
        options = [*identity, *(word for key, value in pairs.items() for word in ("-o", f"{key}={value}"))]
        target = f"{ssh['user']}@{ssh['host']}"
        copy([system], f"ssh-ng://{target}", options, self.workspace.store)
        sudo = "" if ssh["user"] == "root" else "sudo "
        done = subprocess.run(
            ["ssh", *options, target, f"{sudo}{system}/bin/apply switch"],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            check=False,
        )
        if done.returncode != 0:
            raise ToolError(f"`{system}/bin/apply switch` on {target} exited with {done.returncode}")


def _with_defaults(name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Returns the request with defaults, as the machine's options add them. Raises `ToolError` if they refuse it."""
    from fediversity.fleet.deployments import read_request  # noqa: PLC0415  other commands do not need it

    try:
        return read_request(request).request()
    except ValueError as error:
        raise ToolError(f"{name}.{RESOURCE}: in the option `fediversity.deployments.{name}`: {error}") from None


def _read_config(reference: str) -> Mapping[str, Any]:
    """Reads the overridden input: a flake reference `path:/absolute/folder`."""
    folder = Path(reference.removeprefix("path:"))
    if not reference.startswith("path:") or not folder.is_absolute():
        raise ToolError(f"the simulated nixops4 overrides an input with path:/absolute/folder, not with `{reference}`")
    try:
        config: Mapping[str, Any] = json.loads((folder / CONFIG).read_text())
    except (OSError, ValueError) as error:
        raise ToolError(f"the input {INPUT} cannot be read: {error}") from None
    return config
