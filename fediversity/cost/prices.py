"""The dated table of prices (`prices.json`), and looking a price up in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from fediversity.fleet.providers.billing import Item

FILE = Path(__file__).with_name("prices.json")
_ANY = "*"


@dataclass(frozen=True)
class Source:
    """Where prices come from: the page, the day they were read there (ISO 8601), and what to know about them."""

    what: str
    url: str
    date: str
    note: str


@dataclass(frozen=True)
class PriceTable:
    """Prices a month, for each piece or GB, without value-added tax.

    `providers` has for each provider its currency, the group of regions that each region is in, and its prices by
    kind, type, and region or group; `*` stands for any. Its `backup_share` is what backups of a server cost, as a share
    of its own price. `usd_per_eur` is the rate of `exchange_date`.
    """

    sources: tuple[Source, ...]
    usd_per_eur: Decimal
    exchange_date: str
    providers: Mapping[str, Any]

    def price(self, item: Item) -> Decimal | None:
        """Returns what one piece or GB costs a month, in the provider's currency; None if the table does not say."""
        provider = self.providers.get(item.provider)
        if provider is None:
            return None
        if item.kind == "backup":
            server = self.price(replace(item, kind="server"))
            share = provider.get("backup_share")
            return None if server is None or share is None else server * share
        types = provider["prices"].get(item.kind, {})
        regions = types.get(item.type, types.get(_ANY, {}))
        group = provider["regions"].get(item.region, item.region)
        found: Decimal | None = regions.get(item.region, regions.get(group, regions.get(_ANY)))
        return found

    def currency(self, provider: str) -> str:
        """Returns the currency a provider's prices are in (ISO 4217); empty for one without prices."""
        return str(self.providers[provider]["currency"]) if provider in self.providers else ""

    def converted(self, amount: Decimal, currency: str, into: str) -> Decimal:
        """Returns an amount in another currency, at the table's rate. Raises ValueError for a currency without one."""
        if currency == into:
            return amount
        rates = {"EUR": Decimal(1), "USD": self.usd_per_eur}
        for unknown in {currency, into} - set(rates):
            raise ValueError(f"the table has no rate for {unknown}")
        return amount / rates[currency] * rates[into]

    @property
    def oldest(self) -> str:
        """The day of the oldest prices in it."""
        return min(source.date for source in self.sources)


def parse_prices(text: str) -> PriceTable:
    """Returns the table that the text of a file holds. Raises ValueError or KeyError if it is not one."""
    data = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    sources = tuple(Source(what, **about) for what, about in data["sources"].items())
    exchange = data["exchange"]
    return PriceTable(sources, exchange["usd_per_eur"], exchange["date"], data["providers"])


@cache
def load_prices() -> PriceTable:
    """Returns the table that comes with the program, read once."""
    return parse_prices(FILE.read_text(encoding="utf-8"))
