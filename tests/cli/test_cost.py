"""`fediversity cost`: what it prints, and what it knows of what is deployed."""

import json
from pathlib import Path
from typing import Any

import pytest

from fediversity.cli.main import main
from fediversity.cost.record import write_record
from fediversity.fleet.providers.billing import Item
from tests.cost.test_items import STATE
from tests.fleet.good import edited

Output = pytest.CaptureFixture[str]


def answer(capsys: Output, *arguments: str) -> dict[str, Any]:
    """What the command answers as JSON."""
    assert main(["cost", *arguments, "--json"]) == 0
    data: dict[str, Any] = json.loads(capsys.readouterr().out)
    return data


def rolled_out(project: Path, resources: list[dict[str, Any]]) -> None:
    """Gives the stack a state in a folder, as the engine would write it."""
    (project / "Pulumi.yaml").write_text("name: garden\nruntime: python\nbackend: {url: 'file://.'}\n")
    folder = project / ".pulumi" / "stacks" / "garden"
    folder.mkdir(parents=True)
    latest = {"resources": resources} if resources else None
    (folder / "dev.json").write_text(json.dumps({"version": 3, "checkpoint": {"latest": latest}}))


def test_a_table_shows_each_machine_the_whole_and_where_prices_are_from(project: Path, capsys: Output) -> None:
    rolled_out(project, STATE)
    assert main(["cost"]) == 0
    out = capsys.readouterr().out
    for text in (
        "A month of dev; simulated, so nothing is billed",
        "server cx23 in fsn1",
        "5.49 EUR",
        "switched off",
        "Total: 5.99 EUR + 35.16 USD a month (together about ",
        "By use, and in no total: garden-media",
        "No cloud bills ash, moss, fern.",
        "Compared with what is deployed (by Pulumi's state): nothing more or less",
        "1 EUR = 1.1133 USD of 2026-10-28",
    ):
        assert text in out


def test_a_bigger_server_is_compared_with_the_one_that_is_deployed(project: Path, capsys: Output) -> None:
    rolled_out(project, STATE)
    (project / "stacks" / "dev.yaml").write_text(edited("server_type: cx23", "server_type: cx33"))
    data = answer(capsys)
    assert data["difference"] == {
        "more": {"EUR": "3.00"},
        "complete": True,
        "changes": ["oak: server cx23 in fsn1 → server cx33 in fsn1"],
    }
    assert data["machines"]["oak"] == {"EUR": "8.99"}


def test_what_has_no_price_is_named_and_the_total_is_a_lower_bound(project: Path, capsys: Output) -> None:
    rolled_out(project, [])
    (project / "stacks" / "dev.yaml").write_text(edited("server_type: cx23", "server_type: cx22"))
    data = answer(capsys)
    assert not data["complete"]
    assert data["items"][0] | {"price": None, "amount": None, "type": "cx22"} == data["items"][0]
    assert main(["cost"]) == 0
    out = capsys.readouterr().out
    assert "Total: at least 0.50 EUR" in out
    assert "No price known: oak: server cx22 in fsn1" in out


def test_a_stack_that_was_never_rolled_out_has_nothing_deployed(project: Path, capsys: Output) -> None:
    (project / "Pulumi.yaml").write_text("name: garden\nruntime: python\nbackend: {url: 'file://.'}\n")
    data = answer(capsys)
    assert data["deployed"] == "the stack was never rolled out"
    assert data["difference"]["more"] == {"EUR": "5.99", "USD": "35.16"}


def test_a_compressed_state_is_not_taken_for_none(project: Path, capsys: Output) -> None:
    rolled_out(project, STATE)
    plain = project / ".pulumi" / "stacks" / "garden" / "dev.json"
    plain.rename(plain.with_name("dev.json.gz"))
    data = answer(capsys)
    assert (data["difference"], data["deployed"]) == (None, "not known here: the state is compressed")


def test_the_stack_may_have_a_backend_of_its_own(project: Path, capsys: Output) -> None:
    rolled_out(project, STATE)
    (project / ".pulumi").rename(project / "elsewhere.pulumi")
    (project / "kept").mkdir()
    (project / "elsewhere.pulumi").rename(project / "kept" / ".pulumi")
    settings = project / "Pulumi.dev.yaml"
    settings.write_text(settings.read_text().replace("config:\n", "config:\n  fediversity:backend: file://kept\n"))
    assert answer(capsys)["deployed"] == "by Pulumi's state"


@pytest.mark.usefixtures("project")
def test_a_state_elsewhere_is_known_by_the_last_rollout_from_here(capsys: Output) -> None:
    data = answer(capsys)
    assert data["difference"] is None
    assert data["deployed"].startswith("not known here")
    write_record(Path(".fediversity/dev"), [Item("oak", "server", "hetzner", "cx53", "fsn1")], at=0.0)
    data = answer(capsys)
    assert data["deployed"].startswith("by the last rollout from this computer, ")
    assert "oak: server cx53 in fsn1 → server cx23 in fsn1" in data["difference"]["changes"]


@pytest.mark.usefixtures("project")
def test_a_record_that_cannot_be_read_counts_as_none(capsys: Output) -> None:
    folder = Path(".fediversity/dev")
    folder.mkdir(parents=True)
    (folder / "deployed.json").write_text('{"at": 1, "items": [{"colour": "green"}]}')
    assert answer(capsys)["deployed"].startswith("not known here")


@pytest.mark.parametrize(
    ("monthly", "said"), [(20, "OVER THE BUDGET of 20 EUR by "), (100, "Within the budget of 100 EUR.")]
)
def test_the_fleets_budget_is_held_against_the_total(project: Path, capsys: Output, monthly: int, said: str) -> None:
    text = edited("limits:\n", f"policy: {{budget: {{monthly: {monthly}}}}}\nlimits:\n")
    (project / "stacks" / "dev.yaml").write_text(text)
    assert main(["cost"]) == 0, "whether a plan is refused for it is the policy's to say"
    assert said in capsys.readouterr().out
    assert answer(capsys)["budget"] == {"monthly": monthly, "currency": "EUR", "within": monthly == 100}
