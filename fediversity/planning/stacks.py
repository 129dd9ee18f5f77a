"""From the name of a stack to its settings and its fleet, without the engine.

A stack is a file `Pulumi.<stack>.yaml` at the top of the checkout; its `fediversity:fleet` names the fleet file.
"""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from fediversity.fleet.load import load_fleet
from fediversity.fleet.model import Fleet
from fediversity.planning.image_check import require_image_port
from fediversity.planning.known_servers import former_names
from fediversity.project.settings import Settings, SettingsError, parse_settings

if TYPE_CHECKING:
    from fediversity.ledger.sqlite import Ledger

_NAMESPACE = "fediversity:"


def open_stack(stack: str) -> tuple[Settings, Fleet]:
    """The settings and the fleet of a stack. Call it at the top of the checkout, where the engine is started, too.

    Raises SettingsError if there is no such stack or its settings are wrong, FleetError if its fleet file is, or does
    not go with the settings.
    """
    settings = read_settings(stack, Path())
    fleet = load_fleet(Path(settings.fleet_file))
    require_image_port(fleet, settings)
    return settings, fleet


def read_settings(stack: str, project: Path) -> Settings:
    """The settings of a stack of the project in that folder.

    Raises SettingsError if there is no such stack, or with everything that is wrong with its settings.
    """
    if not (project / "Pulumi.yaml").is_file():
        raise SettingsError(f"There is no Pulumi.yaml in {project.resolve()}: start this at the top of the checkout.")
    if stack not in (known := stacks(project)):
        listed = ", ".join(known) or "none yet"
        raise SettingsError(f"There is no stack '{stack}'; known: {listed}. A stack is a file Pulumi.<stack>.yaml.")
    file = project / f"Pulumi.{stack}.yaml"
    config = _read_mapping(file).get("config") or {}
    if not isinstance(config, Mapping):
        raise SettingsError(f"{file.name}: `config` must hold `key: value` lines; nothing was changed.")
    ours = {key.removeprefix(_NAMESPACE): value for key, value in config.items() if str(key).startswith(_NAMESPACE)}
    for key, value in ours.items():
        if isinstance(value, Mapping) and "secure" in value:
            raise SettingsError(f"{file.name}: fediversity:{key} is encrypted, but it is no secret; write it plainly.")
    return parse_settings(stack, {key: _as_the_engine_gives_it(value) for key, value in ours.items()})


def stacks(project: Path) -> tuple[str, ...]:
    """The names of the project's stacks, sorted."""
    return tuple(sorted(file.name.split(".", 1)[1].removesuffix(".yaml") for file in project.glob("Pulumi.*.yaml")))


@contextmanager
def hold(stack: str, project: Path) -> Iterator[None]:
    """Keeps `./just` from starting a rollout of a stack meanwhile. Raises SettingsError if one is at work."""
    with (project / f"Pulumi.{stack}.yaml").open("r+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(f"A rollout is working on stack {stack} in this checkout; wait for it.") from None
        yield


def state_folder(stack: str) -> Path:
    """Where the rollouts of a stack keep what they know, relative to the checkout."""
    return Path(".fediversity", stack)


def ledger_of(stack: str, fleet: Fleet | None = None) -> "Ledger":
    """The record of every step of a stack; it need not be there. With a fleet, by its machines' present names."""
    from fediversity.ledger.sqlite import Ledger  # noqa: PLC0415 (commands that look at a fleet file read none)

    return Ledger(state_folder(stack) / "ledger.sqlite", former_names(fleet) if fleet else None)


def _read_mapping(file: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{file.name}:{mark.line + 1}" if mark else file.name
        reason = getattr(error, "problem", None) or getattr(error, "strerror", None) or "not UTF-8 text"
        raise SettingsError(f"{place}: cannot be read: {reason}; nothing was changed.") from None
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise SettingsError(f"{file.name}: not a group of `key: value` lines; nothing was changed.")
    return content


def _as_the_engine_gives_it(value: Any) -> Any:
    """Pulumi hands single settings to a program as text: `true` and 3 as 'true' and '3'."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value
