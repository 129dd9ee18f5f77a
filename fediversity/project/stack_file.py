"""From the name of a stack to its settings, without Pulumi and without reading its fleet.

A stack is a file `Pulumi.<stack>.yaml` at the top of the checkout; its `fediversity:fleet` names the fleet file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fediversity.project.settings import Settings, SettingsError, parse_settings

_NAMESPACE = "fediversity:"


def stack_file(root: Path, stack: str) -> Path:
    """`Pulumi.<stack>.yaml` of a project."""
    return root / f"Pulumi.{stack}.yaml"


def stacks(root: Path) -> tuple[str, ...]:
    """The names of the project's stacks, sorted."""
    return tuple(sorted(file.name.split(".", 1)[1].removesuffix(".yaml") for file in root.glob("Pulumi.*.yaml")))


def read_settings(stack: str, root: Path) -> Settings:
    """The settings of a stack of the project in that folder.

    Raises SettingsError if there is no such stack, or with everything that is wrong with its settings.
    """
    if not (root / "Pulumi.yaml").is_file():
        raise SettingsError(f"There is no Pulumi.yaml in {root.resolve()}: start this at the top of the checkout.")
    if stack not in (known := stacks(root)):
        listed = ", ".join(known) or "none yet"
        raise SettingsError(f"There is no stack '{stack}'; known: {listed}. A stack is a file Pulumi.<stack>.yaml.")
    file = stack_file(root, stack)
    config = _read_mapping(file).get("config") or {}
    if not isinstance(config, Mapping):
        raise SettingsError(f"{file.name}: `config` must hold `key: value` lines; nothing was changed.")
    ours = {key.removeprefix(_NAMESPACE): value for key, value in config.items() if str(key).startswith(_NAMESPACE)}
    for key, value in ours.items():
        if isinstance(value, Mapping) and "secure" in value:
            raise SettingsError(f"{file.name}: fediversity:{key} is encrypted, but it is no secret; write it plainly.")
    return parse_settings(stack, {key: _as_the_engine_gives_it(value) for key, value in ours.items()})


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
