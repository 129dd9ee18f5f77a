"""The account of a fleet at Hetzner."""

from typing import TYPE_CHECKING

from fediversity.fleet.providers.account import CloudAccount

if TYPE_CHECKING:
    from fediversity.fleet.model import Fleet


def _needed_by(fleet: "Fleet") -> bool:
    return bool(fleet.networks)


ACCOUNT = CloudAccount(
    kind="hetzner",
    package="hcloud",
    secret="hcloud:token",  # noqa: S106 (a setting's name)
    variable="HCLOUD_TOKEN",
    needed_by=_needed_by,
)
