"""A stack together with what a month of it costs, by the dated table of prices."""

from decimal import Decimal

from fediversity.cost.estimate import estimate
from fediversity.cost.fleet_items import fleet_items
from fediversity.cost.prices import load_prices
from fediversity.fleet.model import Fleet
from fediversity.policy.resources import Stack
from fediversity.project.settings import Settings


def stack_of(settings: Settings, fleet: Fleet) -> Stack:
    """Returns the stack as rules judge it."""
    return Stack(settings, fleet, _monthly(fleet))


def _monthly(fleet: Fleet) -> Decimal | None:
    """Returns the estimate of a month in the currency of the fleet's budget; None without a budget."""
    bound = fleet.policy.budget
    return None if bound is None else estimate(fleet_items(fleet), load_prices()).altogether(bound.currency)
