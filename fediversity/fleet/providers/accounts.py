"""The table of clouds' accounts, by Pulumi's package."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fediversity.fleet.providers.account import CloudAccount
from fediversity.fleet.providers.google.account import ACCOUNT as GOOGLE
from fediversity.fleet.providers.hetzner.account import ACCOUNT as HETZNER

if TYPE_CHECKING:
    from fediversity.fleet.model import Fleet

ACCOUNTS: Mapping[str, CloudAccount] = {
    account.package: account
    for account in (
        HETZNER,
        GOOGLE,
    )
}
"""In the order in which clouds are named to people."""


def accounts_of(fleet: "Fleet") -> tuple[CloudAccount, ...]:
    """Returns the accounts that something of a fleet lives in, machines that are switched off left out."""
    kinds = {machine.provider.kind for machine in fleet.enabled_machines.values()}
    kinds |= {zone.provider for zone in fleet.dns.zones.values()}
    return tuple(account for account in ACCOUNTS.values() if account.kind in kinds or account.needed_by(fleet))


def package_of_kind(kind: str) -> str:
    """Returns the package of a provider by its word in a fleet file. Raises KeyError for one that is no cloud."""
    return {account.kind: account.package for account in ACCOUNTS.values()}[kind]
