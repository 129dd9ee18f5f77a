"""An estimate in words."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from fediversity.cost.estimate import Difference, Estimate
from fediversity.fleet.policy import Budget

_MOST = 4


def money(totals: Mapping[str, Decimal]) -> str:
    """Returns amounts of several currencies side by side: `29.49 EUR + 24.46 USD`."""
    return " + ".join(f"{amount} {currency}" for currency, amount in totals.items()) or "0.00 EUR"


def signed(totals: Mapping[str, Decimal]) -> str:
    """Returns amounts with their signs: `+13.50 EUR, -24.46 USD`."""
    return ", ".join(f"{amount:+} {currency}" for currency, amount in totals.items())


def total(found: Estimate) -> str:
    """Returns the whole in a few words; `at least` where something has no price."""
    totals = found.totals()
    at_least = "at least " if found.unpriced else ""
    together = f" (together about {found.altogether()} EUR)" if len(totals) > 1 or "USD" in totals else ""
    return f"{at_least}{money(totals)} a month{together}"


def budget_words(found: Estimate, budget: Budget | None) -> str:
    """Returns what is to be said of the fleet's budget; empty if it has none, or the estimate is within it."""
    over = found.over(budget.monthly, budget.currency) if budget is not None else None
    return "" if over is None or budget is None else f"OVER THE BUDGET of {budget.monthly} {budget.currency} by {over}"


def one_line(
    found: Estimate, compared: Difference | None, budget: Budget | None = None, *, simulated: bool = False
) -> str:
    """Returns what a preview says about cost."""
    would = "would cost" if simulated else "costs"
    exceeded = budget_words(found, budget)
    off = f", nothing for {_listed(found.switched_off)} (switched off)" if found.switched_off else ""
    return f"the fleet {would} {total(found)}{f', {exceeded}' if exceeded else ''}{off}{_compared(compared)}"


def unpriced_lines(found: Estimate) -> list[str]:
    """Returns what the table has no price for, a line each."""
    return [f"{item.owner}: {item}" for item in found.unpriced]


def _compared(compared: Difference | None) -> str:
    if compared is None:
        return ""
    if not compared.changes:
        return "; the same as is deployed"
    if compared.more:
        return f"; {'' if compared.sure else 'at least '}{signed(compared.more)} compared with what is deployed"
    same = "as much as is deployed" if compared.sure else "what changes has no price in the table"
    return f"; {same}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST])
    return f"{shown} and {len(names) - _MOST} more" if len(names) > _MOST else shown
