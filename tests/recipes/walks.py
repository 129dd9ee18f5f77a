"""The walk of each recipe: which edits it makes, what is generated afterwards, and what runs at last."""

from collections.abc import Mapping

from tests.recipes.edits import after, both, new_files, replaced
from tests.recipes.walk import Walk
from tests.recipes.walks_of_tables import COMMAND, DNS_RECORD_TYPE, HEALTH_CHECK

_PRICES = """  "providers": {
    "example": {"currency": "EUR", "regions": {}, "prices": {"server": {"small": {"*": 4.0}}}},"""

PROVIDER = Walk(
    run="provider",
    names={"cloud": "example"},
    generate=(("schema",),),
    edits={
        **new_files("provider"),
        "fediversity/fleet/providers/registry.py": both(
            after(
                "from fediversity.fleet.providers.base import CloudProvider, MachineProvider",
                "from fediversity.fleet.providers.example.model import ExampleProvider",
            ),
            replaced("HetznerProvider | GcpProvider |", "HetznerProvider | GcpProvider | ExampleProvider |"),
            after(
                "gcp: int | None = Field(default=None, ge=1)",
                "example: int | None = Field(default=None, ge=1)",
            ),
        ),
        "fediversity/fleet/providers/accounts.py": both(
            after(
                "from fediversity.fleet.providers.account import CloudAccount",
                "from fediversity.fleet.providers.example.account import ACCOUNT as EXAMPLE",
            ),
            after("GOOGLE,", "EXAMPLE,"),
        ),
        "fediversity/fleet/providers/resource_types.py": both(
            after(
                "from collections.abc import Mapping",
                "",
                "from fediversity.fleet.providers.example.resources import RESOURCES as EXAMPLE",
            ),
            after("GOOGLE,", "EXAMPLE,"),
        ),
        "fediversity/fleet/checks/__init__.py": both(
            after(
                "from fediversity.fleet.model import Fleet",
                "from fediversity.fleet.providers.example import checks as example",
            ),
            after("*google.CHECKS,", "*example.CHECKS,"),
        ),
        "fediversity/program/clouds.py": after('"gcp": "google",', '"example": "example",'),
        "fediversity/cost/prices.json": replaced('  "providers": {', _PRICES),
        "docs/fleet-file.md": after(
            "| `provider.kind: gcp` | `machine_type`, `zone` and more, see below |",
            "| `provider.kind: example` | `server_size`, `region` |",
        ),
    },
)

APPLICATION = Walk(
    run="application",
    names={"application": "lemmy"},
    generate=(("schema",),),
    edits={
        **new_files("application"),
        "fediversity/fleet/deployments.py": replaced('Literal["mastodon", ', 'Literal["lemmy", "mastodon", '),
        "docs/applications.md": replaced("`peertube` or `pixelfed` |", "`peertube`, `pixelfed` or `lemmy` |"),
        "docs/fleet-file.md": replaced("mastodon, peertube or pixelfed;", "mastodon, peertube, pixelfed or lemmy;"),
    },
)

_BAD_NAME = """    "a server is called like an address": Bad(
        "server-names", "machines.cinnabar", resources=with_inputs(SERVER, name="10-0-0-7")
    ),"""

POLICY_RULE = Walk(
    run="policy_rule",
    names={"topic": "naming"},
    edits={
        **new_files("policy_rule"),
        "fediversity/policy/rules.py": both(
            replaced("import access, limits, ports,", "import access, limits, naming, ports,"),
            after(
                'Rule("basic-roles", "nobody has a role over a whole project", access.basic_roles),',
                'Rule("server-names", "no server is called like an address", naming.server_names),',
            ),
        ),
        "tests/policy/bad.py": after("BAD: Mapping[str, Bad] = {", *_BAD_NAME.splitlines()),
        "docs/policy.md": after("|---|---|---|", "| `server-names` | no server is called like an address | |"),
    },
)

WALKS: Mapping[str, Walk] = {
    "A provider": PROVIDER,
    "An application": APPLICATION,
    "A policy rule": POLICY_RULE,
    "A DNS record type": DNS_RECORD_TYPE,
    "A health check": HEALTH_CHECK,
    "A command": COMMAND,
}
