"""What things cost a month, and how that differs from what is deployed. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from fediversity.cost.prices import PriceTable
from fediversity.fleet.providers.billing import BY_USE, Item

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Priced:
    """A thing with its price for each piece or GB; None where the table has none."""

    item: Item
    price: Decimal | None
    currency: str

    @property
    def amount(self) -> Decimal | None:
        """What it costs a month; None if that is not known, or goes by use."""
        return None if self.price is None or self.item.kind in BY_USE else self.price * self.item.quantity


@dataclass(frozen=True)
class Estimate:
    """A month's cost. `switched_off` are machines that cost nothing because they are off in the fleet file."""

    lines: tuple[Priced, ...]
    table: PriceTable
    switched_off: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    """Machines that no cloud bills: Macs, and servers that were made by other means."""

    @property
    def unpriced(self) -> tuple[Item, ...]:
        """What the table has no price for. The totals are at least what they say then."""
        return tuple(line.item for line in self.lines if line.price is None)

    @property
    def by_use(self) -> tuple[Priced, ...]:
        """What is billed by use, and so is in no total."""
        return tuple(line for line in self.lines if line.item.kind in BY_USE and line.price is not None)

    @property
    def owners(self) -> tuple[str, ...]:
        """Who has things that cost, in the order of the fleet file."""
        return tuple(dict.fromkeys(line.item.owner for line in self.lines))

    def totals(self, owner: str | None = None) -> dict[str, Decimal]:
        """Returns a month's cost of everything, or of one owner, by currency, to the cent. It never adds currencies."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            if line.amount and owner in (None, line.item.owner):
                sums[line.currency] = sums.get(line.currency, Decimal(0)) + line.amount
        return {currency: amount.quantize(_CENT) for currency, amount in sorted(sums.items())}

    def altogether(self, currency: str = "EUR") -> Decimal:
        """Returns everything in one currency, at the table's own rate, to the cent."""
        amounts = (self.table.converted(amount, own, currency) for own, amount in self.totals().items())
        return sum(amounts, Decimal(0)).quantize(_CENT)

    def over(self, monthly: int, currency: str) -> Decimal | None:
        """Returns by how much it is over a budget; None if it is within. What has no price counts as nothing."""
        more = self.altogether(currency) - monthly
        return more if more > 0 else None


@dataclass(frozen=True)
class Change:
    """A thing that is not as it is deployed: what there is, what there shall be (None: nothing)."""

    before: Item | None
    after: Item | None

    def __str__(self) -> str:
        owner = (self.after or self.before or Item("", "server", "", "", "")).owner
        if self.before is None:
            return f"{owner}: + {self.after}"
        if self.after is None:
            return f"{owner}: - {self.before}"
        return f"{owner}: {self.before} → {self.after}"


@dataclass(frozen=True)
class Difference:
    """How an estimate differs from what is deployed. `more` is by currency; negative where it gets cheaper."""

    changes: tuple[Change, ...]
    more: Mapping[str, Decimal]
    sure: bool
    """Whether everything that changes has a price."""


def estimate(
    items: Iterable[Item], table: PriceTable, switched_off: Sequence[str] = (), outside: Sequence[str] = ()
) -> Estimate:
    """Prices things by a table."""
    lines = tuple(Priced(item, table.price(item), table.currency(item.provider)) for item in items)
    return Estimate(lines, table, tuple(switched_off), tuple(outside))


def difference(wanted: Estimate, deployed: Estimate) -> Difference:
    """Returns what would change, thing by thing, and what that costs more or less a month."""
    before = {line.item.key: line for line in deployed.lines}
    after = {line.item.key: line for line in wanted.lines}
    changes: list[Change] = []
    more: dict[str, Decimal] = {}
    sure = True
    for key in (*after, *(key for key in before if key not in after)):
        old, new = before.get(key), after.get(key)
        if old is not None and new is not None and old.item == new.item:
            continue
        changes.append(Change(old.item if old else None, new.item if new else None))
        for line, sign in ((new, 1), (old, -1)):
            if line is not None and line.price is None:
                sure = False
            elif line is not None and line.amount:
                more[line.currency] = more.get(line.currency, Decimal(0)) + sign * line.amount
    cents = {currency: amount.quantize(_CENT) for currency, amount in sorted(more.items())}
    return Difference(tuple(changes), {currency: amount for currency, amount in cents.items() if amount}, sure)
