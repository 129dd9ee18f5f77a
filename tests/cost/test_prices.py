"""The table of prices that comes with the program: dated, with sources, whole but for what is known to be missing."""

import json
from datetime import date
from decimal import Decimal

from fediversity.cost.items import Item
from fediversity.cost.prices import FILE, load_prices
from fediversity.fleet import catalogue
from fediversity.fleet.catalogue import gcp_has_gpus

NO_LONGER_SOLD = {"cx22", "cx32", "cx42", "cx52"}
"""Types that a fleet file may still name, because servers of them go on, and whose price nobody publishes any more."""

NOT_SEEN = {("sin", name) for name in catalogue.HETZNER_SERVER_TYPES if name.startswith("ccx")}
"""Prices that exist and were not found: never guessed."""


def price(kind: str, provider: str, type_: str, region: str) -> Decimal | None:
    return load_prices().price(Item("a", kind, provider, type_, region))  # type: ignore[arg-type]


def test_every_source_has_its_page_and_its_day() -> None:
    table = load_prices()
    assert len(table.sources) >= 5
    for source in table.sources:
        assert source.url.startswith("https://"), source.what
        assert date(2026, 1, 1) < date.fromisoformat(source.date) <= date.today(), source.what
    assert date.fromisoformat(table.exchange_date) > date(2026, 1, 1)
    assert table.oldest == min(source.date for source in table.sources)


def test_every_hetzner_type_has_a_price_somewhere_but_those_that_are_known_to_have_none() -> None:
    priced = {
        name
        for name in catalogue.HETZNER_SERVER_TYPES
        if any(price("server", "hetzner", name, location) for location in catalogue.HETZNER_LOCATIONS)
    }
    assert set(catalogue.HETZNER_SERVER_TYPES) - priced == NO_LONGER_SOLD


def test_dedicated_servers_have_a_price_wherever_one_was_seen() -> None:
    missing = {
        (location, name)
        for name in catalogue.HETZNER_SERVER_TYPES
        for location in catalogue.HETZNER_LOCATIONS
        if name.startswith("ccx") and price("server", "hetzner", name, location) is None
    }
    assert missing == NOT_SEEN


def test_every_google_machine_type_has_a_price_in_the_first_region_and_disks_have_one_in_all() -> None:
    for name in catalogue.GCP_MACHINE_TYPES:
        assert price("server", "gcp", name, "us-central1"), name
    for region in catalogue.GCP_REGIONS:
        for disk in ("pd-standard", "pd-balanced", "pd-ssd"):
            assert price("disk", "gcp", disk, region), f"{disk} in {region}"


def test_every_bucket_location_has_a_price_in_every_storage_class() -> None:
    for location in catalogue.GCP_BUCKET_LOCATIONS:
        for storage in ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"):
            assert price("bucket", "gcp", storage, location), f"{storage} in {location}"


def test_every_accelerator_that_is_sold_apart_has_a_price_in_the_first_region() -> None:
    for name, line in catalogue.GCP_ACCELERATORS.items():
        assert (price("accelerator", "gcp", name, "us-central1") is None) == gcp_has_gpus(line), name


def test_bigger_machines_of_a_line_cost_more() -> None:
    for line in (["cx23", "cx33", "cx43", "cx53"], ["ccx13", "ccx23", "ccx33", "ccx43", "ccx53", "ccx63"]):
        prices = [price("server", "hetzner", name, "fsn1") or Decimal(0) for name in line]
        assert prices == sorted(prices)
        assert prices[0] > 0


def test_nothing_in_the_table_is_negative_or_a_text() -> None:
    def leaves(value: object) -> list[object]:
        return [leaf for inner in value.values() for leaf in leaves(inner)] if isinstance(value, dict) else [value]

    for name, provider in json.loads(FILE.read_text())["providers"].items():
        for leaf in leaves(provider["prices"]):
            assert isinstance(leaf, int | float), name
            assert leaf >= 0, name


def test_what_comes_free_has_a_price_of_nothing_and_not_none() -> None:
    assert price("zone", "hetzner", "", "") == 0
