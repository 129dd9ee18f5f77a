"""The settings of the stack that Pulumi runs."""

import os
from collections.abc import Collection, Mapping

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


def load_settings(environ: Mapping[str, str] = os.environ, written: Collection[str] | None = None) -> Settings:
    """Returns the settings of the stack that Pulumi runs. Raises pulumi.RunError with everything that is wrong.

    `written` are the full names of what is configured, where the environment does not have them (PULUMI_CONFIG).

    Also raises it where more than a preview is made with plug-ins that can only preview this stack.
    """
    config = pulumi.Config(_NAMESPACE)
    keys = sorted(KNOWN_SETTINGS | _written_keys(get_config_env() if written is None else written))
    given = {key: config.get_object(key) if key in GROUPS else config.get(key) for key in keys}
    try:
        own = parse_settings(pulumi.get_stack(), {key: value for key, value in given.items() if value is not None})
        settings = with_plugins(own, environ.get(PLUGINS_VARIABLE))
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
    if settings.preview_only and not pulumi.runtime.is_dry_run():
        raise pulumi.RunError("with simulated plug-ins a real stack can only be previewed; nothing was declared")
    return settings


def _written_keys(written: Collection[str]) -> set[str]:
    """Returns the keys of our namespace: `pulumi.Config` answers only for keys one knows."""
    names = (name.partition(":") for name in written)
    return {key for namespace, _, key in names if namespace == _NAMESPACE}
