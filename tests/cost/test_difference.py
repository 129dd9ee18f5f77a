"""How an estimate differs from what is deployed: thing by thing, and in money."""

from collections.abc import Sequence
from dataclasses import replace

from fediversity.cost.estimate import Difference, difference, estimate
from fediversity.cost.format import one_line
from fediversity.fleet.providers.billing import Item
from tests.cost.table import ELM, ELM_DISK, MEDIA, OAK, OAK_ADDRESS, UNKNOWN, money, table


def between(deployed: Sequence[Item], wanted: Sequence[Item]) -> Difference:
    return difference(estimate(wanted, table()), estimate(deployed, table()))


def test_a_bigger_server_is_one_change_and_costs_the_difference() -> None:
    found = between([OAK, OAK_ADDRESS], [replace(OAK, type="cx53"), OAK_ADDRESS])
    assert [str(change) for change in found.changes] == ["oak: server cx23 in fsn1 → server cx53 in fsn1"]
    assert (found.more, found.sure) == ({"EUR": money("24.00")}, True)


def test_what_comes_and_what_goes_is_told_apart() -> None:
    found = between([OAK, OAK_ADDRESS], [OAK, ELM])
    assert [str(change) for change in found.changes] == [
        "elm: + server e2-medium in us-central1",
        "oak: - ipv4 in fsn1",
    ]
    assert found.more == {"EUR": money("-0.50"), "USD": money("24.46")}


def test_a_disk_that_grows_costs_the_gigabytes_it_grew_by() -> None:
    assert between([ELM_DISK], [replace(ELM_DISK, quantity=100)]).more == {"USD": money("2.40")}


def test_the_same_things_in_another_order_are_no_difference() -> None:
    found = between([OAK, ELM, ELM_DISK, MEDIA], [MEDIA, ELM_DISK, OAK, ELM])
    assert (found.changes, found.more, found.sure) == ((), {}, True)


def test_a_change_without_a_price_makes_the_difference_unsure() -> None:
    for found in (between([OAK], [OAK, UNKNOWN]), between([OAK, UNKNOWN], [OAK])):
        assert (len(found.changes), found.more, found.sure) == (1, {}, False)
    assert between([OAK, UNKNOWN], [OAK, UNKNOWN]).sure, "what does not change is in no difference"


def test_a_new_bucket_changes_something_and_no_total() -> None:
    found = between([OAK], [OAK, MEDIA])
    assert ([str(change) for change in found.changes], found.more) == (
        ["media: + bucket STANDARD in europe-west1"],
        {},
    )


def test_one_line_says_how_much_more_it_is() -> None:
    wanted = estimate([replace(OAK, type="cx53")], table())

    def line(*deployed: Item) -> str:
        return one_line(wanted, difference(wanted, estimate(deployed, table())), simulated=False).partition("; ")[2]

    assert line(OAK) == "+24.00 EUR compared with what is deployed"
    assert line(replace(OAK, type="cx53")) == "the same as is deployed"
    assert line(OAK, UNKNOWN) == "at least +24.00 EUR compared with what is deployed"
    assert line(replace(OAK, type="cx53"), MEDIA) == "as much as is deployed"
    assert line(replace(OAK, type="cx53"), UNKNOWN) == "what changes has no price in the table"
