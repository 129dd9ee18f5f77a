"""The bounds of a fleet: what may be open, where things may stand, of which type, and what a month may cost."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet.base import Label, Listed, Model, fail_validation, form
from fediversity.fleet.providers.registry import PLACES, SIZES

_OPENING = re.compile(r"(tcp|udp)/[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?")


def _opening(value: str) -> str:
    ports = value.rpartition("/")[2].split("-")
    if not _OPENING.fullmatch(value) or not int(ports[0]) <= int(ports[-1]) <= 65535:
        fail_validation(f"'{value}' is not a protocol with a port", "write it like 'tcp/443' or 'udp/60000-61000'")
    return value


Opening = Annotated[str, AfterValidator(_opening), form(_OPENING)]
Place = Annotated[str, Listed("place", PLACES)]
SizeType = Annotated[str, Listed("type", SIZES)]


class Budget(Model):
    """What the whole fleet may cost."""

    monthly: int = Field(ge=0)
    """The most that the estimate of a month may be, without taxes."""
    currency: Literal["EUR", "USD"] = "EUR"


class Policy(Model):
    """What every plan of the stack is checked against, by `./just check`, before a rollout, and by the policy pack."""

    protected: bool = True
    """Whether what holds data or an address must be kept from being deleted."""
    open_ports: tuple[Opening, ...] = ()
    """What may be open to the whole world besides SSH, unlocking, ZeroTier and ping."""
    places: tuple[Place, ...] | None = None
    """The locations, zones and regions in which things may stand; anywhere if nothing is said."""
    types: tuple[SizeType, ...] | None = None
    """The machine types and GPUs that may be used, those of `install_type` too; any if nothing is said."""
    unencrypted: tuple[Label, ...] = ()
    """Machines in a cloud whose disk need not be encrypted."""
    budget: Budget | None = None
