"""The settings of the stack that Pulumi runs."""

import os

import pulumi
from pulumi.runtime import get_config_env

from fediversity.project.settings import (
    GROUPS,
    KNOWN_SETTINGS,
    PLUGINS_VARIABLE,
    Settings,
    SettingsError,
    parse_settings,
    with_plugins,
)

__all__ = ["Settings", "load_settings"]

_NAMESPACE = "fediversity"


def load_settings() -> Settings:
    """Returns the settings of the stack that Pulumi runs. Raises pulumi.RunError with everything that is wrong.

    Also raises it where more than a preview is made with plug-ins that can only preview this stack.
    """
    config = pulumi.Config(_NAMESPACE)
    keys = sorted(KNOWN_SETTINGS | _written_keys())
    given = {key: config.get_object(key) if key in GROUPS else config.get(key) for key in keys}
    try:
        own = parse_settings(pulumi.get_stack(), {key: value for key, value in given.items() if value is not None})
        settings = with_plugins(own, os.environ.get(PLUGINS_VARIABLE))
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    if settings.preview_only and not pulumi.runtime.is_dry_run():
        raise pulumi.RunError("with simulated plug-ins a real stack can only be previewed; nothing was declared")
    return settings


def _written_keys() -> set[str]:
    """Returns the keys of our namespace that Pulumi was given: `pulumi.Config` answers only for keys one knows."""
    names = (name.partition(":") for name in get_config_env())
    return {key for namespace, _, key in names if namespace == _NAMESPACE}
