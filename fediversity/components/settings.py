"""The settings of the stack that the engine runs."""

import pulumi
from pulumi.runtime import get_config_env

from fediversity.plan.settings import KNOWN_SETTINGS, Settings, SettingsError, parse_settings

__all__ = ["Settings", "load_settings"]

_NAMESPACE = "fediversity"


def load_settings() -> Settings:
    """The settings of the stack that the engine runs. Raises pulumi.RunError with everything that is wrong."""
    config = pulumi.Config(_NAMESPACE)
    keys = sorted(KNOWN_SETTINGS | _written_keys())
    given = {key: config.get_object(key) if key == "plugins" else config.get(key) for key in keys}
    try:
        return parse_settings(pulumi.get_stack(), {key: value for key, value in given.items() if value is not None})
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None


def _written_keys() -> set[str]:
    """The keys of our namespace that the engine was given: `pulumi.Config` answers only for keys one knows."""
    names = (name.partition(":") for name in get_config_env())
    return {key for namespace, _, key in names if namespace == _NAMESPACE}
