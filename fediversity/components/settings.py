"""The settings of a stack: what `Pulumi.<stack>.yaml` says under `fediversity:`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pulumi

from fediversity.plan.commands import Site

Plugin = Literal["local", "official"]

_PACKAGES = ("hcloud", "gcp", "command")
_KNOWN = {"fleet", "plugins", "machines", "identity", "protect", "flake"}


class SettingsError(pulumi.RunError):
    """Settings that cannot be used; the text names the file, every setting that is wrong, and how to mend it."""


@dataclass(frozen=True)
class Settings:
    """How one stack is rolled out.

    `fleet_file` is its fleet file, relative to the project. `plugins` says for each package whether the embedded
    cloud's plug-in or the official one serves it. `simulated`: machines and tools are the embedded cloud's.
    `identity` is the SSH private key to log in with; None leaves it to the person's agent and SSH configuration.
    `protect` keeps what holds data from being deleted by accident.
    """

    stack: str
    fleet_file: str
    plugins: Mapping[str, Plugin]
    simulated: bool
    protect: bool
    identity: str | None
    flake: str

    @property
    def site(self) -> Site:
        """Where this stack's commands are run from."""
        identity = f".fediversity/{self.stack}/identity" if self.simulated else self.identity
        return Site(self.stack, self.flake, identity, self.simulated)


def load_settings() -> Settings:
    """The settings of the stack that the engine runs. Raises SettingsError with everything that is wrong."""
    config = pulumi.Config("fediversity")
    given = {key: config.get_object(key) if key == "plugins" else config.get(key) for key in _KNOWN}
    return parse_settings(pulumi.get_stack(), {key: value for key, value in given.items() if value is not None})


def parse_settings(stack: str, given: Mapping[str, Any]) -> Settings:
    """The settings from what stands under `fediversity:`, by key without that prefix.

    Raises SettingsError with everything that is wrong.
    """
    wrong: list[str] = []
    plugins: dict[str, Plugin] = dict.fromkeys(_PACKAGES, "official")
    chosen = given.get("plugins", {})
    if not isinstance(chosen, Mapping):
        wrong.append("plugins: must name packages, e.g. `hcloud: official`")
        chosen = {}
    for package, plugin in chosen.items():
        if package not in _PACKAGES:
            wrong.append(f"plugins.{package}: unknown package; known: {', '.join(_PACKAGES)}")
        elif plugin not in {"local", "official"}:
            wrong.append(f"plugins.{package}: '{plugin}' is neither local nor official")
        else:
            plugins[package] = plugin
    machines = given.get("machines", "real")
    if machines not in {"real", "simulated"}:
        wrong.append(f"machines: '{machines}' is neither real nor simulated")
    for package in ("hcloud", "gcp"):
        # A simulated cloud has no real machines, and real tools must never be pointed at simulated ones.
        if (plugins[package] == "local") != (machines == "simulated"):
            wrong.append(f"plugins.{package}: '{plugins[package]}' does not go with machines: {machines}")
    if not given.get("fleet"):
        wrong.append("fleet: is missing; write the fleet file's path, e.g. stacks/dev.yaml")
    protect = str(given.get("protect", "true"))
    if protect not in {"true", "false"}:
        wrong.append(f"protect: '{protect}' is neither true nor false")
    if wrong:
        listed = "".join(f"\n  fediversity:{line}" for line in wrong)
        raise SettingsError(f"Pulumi.{stack}.yaml cannot be used; nothing was changed:{listed}")
    return Settings(
        stack=stack,
        fleet_file=str(given["fleet"]),
        plugins=plugins,
        simulated=machines == "simulated",
        protect=protect == "true",
        identity=given.get("identity"),
        flake=str(given.get("flake", "nix")),
    )
