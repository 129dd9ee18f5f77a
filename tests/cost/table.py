"""A small table of prices with round numbers, so that sums can be seen."""

from decimal import Decimal

from fediversity.cost.prices import PriceTable, parse_prices
from fediversity.fleet.providers.billing import Item

TABLE_TEXT = """
{
  "sources": {
    "one": {"url": "https://prices.example/one", "date": "2026-09-01", "note": ""},
    "two": {"url": "https://prices.example/two", "date": "2026-07-01", "note": ""}
  },
  "exchange": {"usd_per_eur": 1.25, "date": "2026-10-01", "url": "https://rates.example", "note": ""},
  "providers": {
    "hetzner": {
      "currency": "EUR",
      "backup_share": 0.2,
      "regions": {"fsn1": "europe", "ash": "usa"},
      "prices": {
        "server": {"cx23": {"europe": 5.49}, "cx53": {"europe": 29.49}, "cpx21": {"usa": 31.99}},
        "ipv4": {"*": {"*": 0.5}},
        "volume": {"*": {"*": 0.05}},
        "zone": {"*": {"*": 0}}
      }
    },
    "gcp": {
      "currency": "USD",
      "regions": {},
      "prices": {
        "server": {"e2-medium": {"us-central1": 24.456, "europe-west1": 27}},
        "disk": {"pd-standard": {"us-central1": 0.04}},
        "accelerator": {"nvidia-tesla-t4": {"us-central1": 255.5}},
        "bucket": {"STANDARD": {"europe-west1": 0.02}},
        "zone": {"*": {"*": 0.2}}
      }
    }
  }
}
"""


def table() -> PriceTable:
    """The table above."""
    return parse_prices(TABLE_TEXT)


OAK = Item("oak", "server", "hetzner", "cx23", "fsn1")
OAK_ADDRESS = Item("oak", "ipv4", "hetzner", "", "fsn1")
ELM = Item("elm", "server", "gcp", "e2-medium", "us-central1")
ELM_DISK = Item("elm", "disk", "gcp", "pd-standard", "us-central1", 40, "boot")
ELM_GPUS = Item("elm", "accelerator", "gcp", "nvidia-tesla-t4", "us-central1", 2)
MEDIA = Item("media", "bucket", "gcp", "STANDARD", "europe-west1")
UNKNOWN = Item("fir", "server", "hetzner", "cx99", "fsn1")


def money(text: str) -> Decimal:
    """An amount, exactly."""
    return Decimal(text)
