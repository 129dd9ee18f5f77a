"""The records say what the newer sources beside the checkout say. Without those these tests are skipped."""

import json

import pytest

from tests.contracts.records import CONTRACTS, NEWER_SOURCES, Contract
from tests.requirements import NEIGHBOURS, unavailable

pytestmark = pytest.mark.neighbour


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_a_record_is_what_would_be_extracted_now(contract: Contract) -> None:
    if not (NEWER_SOURCES / contract.source).is_file():
        unavailable(NEIGHBOURS, "there are no newer sources of the contracts beside the checkout")
    assert json.loads(contract.path.read_text())["facts"] == contract.extract(NEWER_SOURCES)
