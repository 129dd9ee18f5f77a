"""What things cost: sums to the cent, never over two currencies, and honest about what has no price."""

from decimal import Decimal

import pytest

from fediversity.cost.estimate import estimate
from fediversity.cost.format import budget_words, one_line, total
from fediversity.fleet.policy import Budget
from fediversity.fleet.providers.billing import Item
from tests.cost.table import ELM, ELM_DISK, ELM_GPUS, MEDIA, OAK, OAK_ADDRESS, UNKNOWN, money, table


def test_each_machine_and_the_whole_are_summed_by_currency() -> None:
    found = estimate([OAK, OAK_ADDRESS, ELM, ELM_DISK, ELM_GPUS], table())
    assert found.totals("oak") == {"EUR": money("5.99")}
    assert found.totals("elm") == {"USD": money("537.06")}, "24.456 + 40 of 0.04 + 2 of 255.5"
    assert found.totals() == {"EUR": money("5.99"), "USD": money("537.06")}
    assert found.owners == ("oak", "elm")


def test_only_the_dated_rate_turns_dollars_into_euro_and_it_is_said_to_be_about_that_much() -> None:
    found = estimate([OAK, Item("elm", "server", "gcp", "e2-medium", "europe-west1")], table())
    assert found.altogether() == money("27.09"), "5.49 + 27 / 1.25"
    assert total(found) == "5.49 EUR + 27.00 USD a month (together about 27.09 EUR)"
    assert total(estimate([OAK], table())) == "5.49 EUR a month"


def test_cents_are_rounded_once_at_the_end() -> None:
    thirds = [Item(f"v{number}", "volume", "hetzner", "", "fsn1", 1) for number in range(3)]
    assert estimate(thirds, table()).totals() == {"EUR": money("0.15")}
    odd = [Item(f"e{number}", "server", "gcp", "e2-medium", "us-central1") for number in range(5)]
    assert estimate(odd, table()).totals() == {"USD": money("122.28")}, "5 of 24.456, not 5 of 24.46"


def test_backups_cost_a_share_of_their_server() -> None:
    found = estimate([Item("oak", "backup", "hetzner", "cx23", "fsn1")], table())
    assert found.lines[0].price == money("1.098"), "a fifth of 5.49"
    assert found.totals() == {"EUR": money("1.10")}


def test_what_has_no_price_is_named_and_makes_the_total_a_lower_bound() -> None:
    found = estimate([OAK, UNKNOWN], table())
    assert found.unpriced == (UNKNOWN,)
    assert total(found) == "at least 5.49 EUR a month"
    assert found.totals("fir") == {}


@pytest.mark.parametrize(
    "item",
    [
        Item("a", "server", "hetzner", "cx23", "ash"),
        Item("a", "server", "hetzner", "cx23", ""),
        Item("a", "server", "hetzner", "", "fsn1"),
        Item("a", "server", "gcp", "e2-medium", "asia-east1"),
        Item("a", "key", "gcp", "", "us-central1"),
        Item("a", "backup", "gcp", "e2-medium", "us-central1"),
        Item("a", "backup", "hetzner", "cx99", "fsn1"),
        Item("a", "server", "nobody", "cx23", "fsn1"),
    ],
    ids=str,
)
def test_a_price_is_never_taken_from_another_region_type_or_provider(item: Item) -> None:
    assert table().price(item) is None


def test_what_is_billed_by_use_has_its_price_shown_and_is_in_no_total() -> None:
    found = estimate([OAK, MEDIA], table())
    assert [(line.item, line.price, line.amount) for line in found.by_use] == [(MEDIA, money("0.02"), None)]
    assert found.totals() == {"EUR": money("5.49")}
    assert not found.unpriced


def test_nothing_costs_nothing() -> None:
    found = estimate([], table())
    assert (found.totals(), found.altogether(), total(found)) == ({}, Decimal("0.00"), "0.00 EUR a month")


def test_one_line_names_what_is_switched_off_and_says_that_a_simulation_would_cost() -> None:
    found = estimate([OAK], table(), switched_off=("yew", "fir"))
    assert one_line(found, None, simulated=True) == (
        "the fleet would cost 5.49 EUR a month, nothing for yew, fir (switched off)"
    )
    assert one_line(estimate([OAK], table()), None, simulated=False) == "the fleet costs 5.49 EUR a month"


def test_many_switched_off_machines_are_counted() -> None:
    found = estimate([], table(), switched_off=tuple("abcdefg"))
    assert "nothing for a, b, c, d and 3 more (switched off)" in one_line(found, None, simulated=False)


def test_a_currency_without_a_rate_is_refused_rather_than_guessed() -> None:
    for known, unknown in (("CHF", "EUR"), ("USD", "CHF")):
        with pytest.raises(ValueError, match="CHF"):
            table().converted(money("1"), known, unknown)


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (Budget(monthly=27), "OVER THE BUDGET of 27 EUR by 0.09"),
        (Budget(monthly=28), ""),
        (Budget(monthly=33, currency="USD"), "OVER THE BUDGET of 33 USD by 0.86"),
        (Budget(monthly=34, currency="USD"), ""),
        (None, ""),
    ],
)
def test_a_budget_is_held_against_everything_in_its_own_currency(budget: Budget | None, said: str) -> None:
    found = estimate([OAK, Item("elm", "server", "gcp", "e2-medium", "europe-west1")], table())
    assert budget_words(found, budget) == said
    assert ("OVER THE BUDGET" in one_line(found, None, budget)) == bool(said)
