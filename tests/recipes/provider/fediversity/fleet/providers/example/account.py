"""The account of a fleet at Example Cloud."""

from fediversity.fleet.providers.account import CloudAccount

ACCOUNT = CloudAccount(
    kind="example",
    package="example",
    secret="example:token",
    variable="EXAMPLE_TOKEN",
    plugin_version="1.0.0",
)
