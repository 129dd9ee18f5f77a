"""The bounds of a fleet: what may be open, where things may stand, of which type, and what a month may cost."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet.base import Model, form, refuse

_OPENING = re.compile(r"(tcp|udp)/[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?")


def _opening(value: str) -> str:
    if not _OPENING.fullmatch(value):
        refuse(f"'{value}' is not a protocol with a port", "write it like 'tcp/443' or 'udp/60000-61000'")
    return value


Opening = Annotated[str, AfterValidator(_opening), form(_OPENING)]


class Budget(Model):
    """What the whole fleet may cost."""

    monthly: int = Field(ge=0)
    """The most that the estimate of a month may be, without taxes."""
    currency: Literal["EUR", "USD"] = "EUR"


class Policy(Model):
    """What every plan of the stack is checked against, by `lint` and by the policy pack."""

    open_ports: tuple[Opening, ...] = ()
    """What may be open to the whole world besides SSH, unlocking, ZeroTier and ping."""
    places: tuple[str, ...] | None = None
    """The locations and regions in which things may stand; anywhere if nothing is said."""
    types: tuple[str, ...] | None = None
    """The machine types that may be used; any if nothing is said."""
    budget: Budget | None = None
