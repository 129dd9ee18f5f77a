"""Reads a flake for the simulated tools: `fleet.json` in place of an evaluation by Nix.

`fediversity render` writes `fleet.json` beside `flake.nix`. The real tools read the same facts from the evaluated clan
inventory.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fediversity.embedded_cloud.tools.errors import ToolError
from fediversity.fleet.files import FLEET_JSON


@dataclass(frozen=True)
class Membership:
    """A machine's role in a service instance: `module` is the service, `settings` are those of the role."""

    instance: str
    module: str
    role: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Flake:
    """The flake in `folder` with its rendered fleet."""

    folder: Path
    rendered: Mapping[str, Any]

    @classmethod
    def load(cls, folder: Path) -> "Flake":
        """Reads `fleet.json`. Raises `ToolError` if it is missing or not of version 1."""
        path = folder / FLEET_JSON
        try:
            rendered = json.loads(path.read_text())
        except FileNotFoundError:
            raise ToolError(
                f"the flake at {folder} has no {FLEET_JSON}; `fediversity render` writes it, and the simulated tools "
                "read it instead of evaluating Nix"
            ) from None
        except ValueError as error:
            raise ToolError(f"{path} is not JSON: {error}") from None
        if rendered.get("version") != 1:
            raise ToolError(f"{path} is of version {rendered.get('version')!r}; the simulated tools know version 1")
        return cls(folder, rendered)

    @property
    def name(self) -> str:
        """The fleet's name."""
        return str(self.rendered["name"])

    @property
    def domain(self) -> str:
        """The clan's internal domain, `meta.domain`."""
        return str(self.rendered["domain"])

    @property
    def machines(self) -> Mapping[str, Mapping[str, Any]]:
        """The enabled machines by name."""
        machines: Mapping[str, Mapping[str, Any]] = self.rendered["machines"]
        return machines

    @property
    def deployments(self) -> Mapping[str, Mapping[str, Any]]:
        """The NixOps4 deployments by name."""
        deployments: Mapping[str, Mapping[str, Any]] = self.rendered["deployments"]
        return deployments

    def deployments_on(self, machine: str) -> Mapping[str, Mapping[str, Any]]:
        """Returns the deployments on one machine by name, including disabled ones."""
        return {name: request for name, request in self.deployments.items() if request["machine"] == machine}

    def is_darwin(self, machine: str) -> bool:
        """Returns whether a machine is a Mac."""
        return bool(self.machines[machine]["machineClass"] == "darwin")

    def tagged(self, tags: list[str]) -> list[str]:
        """Returns the sorted names of the machines that have all tags; all machines if no tag is given."""
        return sorted(name for name, entry in self.machines.items() if set(tags) <= set(entry["tags"]))

    def memberships(self, machine: str) -> list[Membership]:
        """Returns the instances and roles that configure a machine.

        The services of the seed have only a `nixosModule`, so a Mac has no membership; the real clan does not report
        that either.
        """
        if self.is_darwin(machine):
            return []
        return [member for name, member in self._all_memberships if name == machine]

    def macs_of(self, instance: str) -> list[str]:
        """Returns the Macs that take part in a mesh; they have no role in its instance."""
        return sorted(
            name for name in self.machines if self.is_darwin(name) and self.machines[name]["mesh"] == instance
        )

    def holders(self, instance: str, role: str) -> list[str]:
        """Returns the NixOS machines that hold a role of an instance."""
        definition = self.rendered["instances"][instance]["roles"].get(role)
        if definition is None:
            return []
        return [name for name in self._members(definition) if not self.is_darwin(name)]

    @cached_property
    def _all_memberships(self) -> list[tuple[str, Membership]]:
        return list(self._each_membership())

    def _each_membership(self) -> Iterator[tuple[str, Membership]]:
        for instance, entry in sorted(self.rendered["instances"].items()):
            for role, definition in sorted(entry["roles"].items()):
                member = Membership(instance, entry["module"], role, definition["settings"])
                for name in self._members(definition):
                    yield name, member

    def _members(self, role: Mapping[str, Any]) -> list[str]:
        """Returns the sorted machines that hold a role, by name or by tag."""
        tags = set(role["tags"])
        return sorted(
            name for name, entry in self.machines.items() if name in role["machines"] or tags & set(entry["tags"])
        )

    def fingerprint(self, machine: str) -> str:
        """Returns the hash of everything that the configuration of a machine reads."""
        from fediversity.planning.fingerprint import machine_fingerprint  # noqa: PLC0415  most commands do not need it

        return machine_fingerprint(self.folder, self.rendered, machine)
