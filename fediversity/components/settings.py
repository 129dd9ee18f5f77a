"""The settings of the stack that the engine runs."""

import pulumi

from fediversity.plan.settings import KNOWN_SETTINGS, Settings, SettingsError, parse_settings

__all__ = ["Settings", "load_settings"]


def load_settings() -> Settings:
    """The settings of the stack that the engine runs. Raises pulumi.RunError with everything that is wrong."""
    config = pulumi.Config("fediversity")
    given = {key: config.get_object(key) if key == "plugins" else config.get(key) for key in KNOWN_SETTINGS}
    try:
        return parse_settings(pulumi.get_stack(), {key: value for key, value in given.items() if value is not None})
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None
