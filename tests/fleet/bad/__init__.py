"""Kinds of bad fleet files, each a small edit of the good one, with the one problem that must be reported."""

from tests.fleet.bad.dns import DNS
from tests.fleet.bad.dns_types import TYPES
from tests.fleet.bad.dns_values import VALUES
from tests.fleet.bad.dns_zones import ZONES
from tests.fleet.bad.google import GOOGLE
from tests.fleet.bad.health import HEALTH
from tests.fleet.bad.hetzner import HETZNER
from tests.fleet.bad.kind import PRIVATE_KEY, Bad
from tests.fleet.bad.machines import MACHINES
from tests.fleet.bad.order import ORDER
from tests.fleet.bad.others import BUCKETS, DEPLOYMENTS, OPERATORS, TOP
from tests.fleet.bad.policy import POLICY
from tests.fleet.bad.providers import PROVIDERS
from tests.fleet.bad.safety import SAFETY
from tests.fleet.bad.services import SERVICES

__all__ = ["BAD_FILES", "PRIVATE_KEY", "Bad"]

BAD_FILES = (
    *(*TOP, *OPERATORS, *MACHINES, *HEALTH, *PROVIDERS, *GOOGLE, *HETZNER, *ORDER, *SERVICES),
    *(*DNS, *VALUES, *TYPES, *ZONES, *BUCKETS, *DEPLOYMENTS, *POLICY, *SAFETY),
)
