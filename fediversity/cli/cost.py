"""`fediversity cost`: estimates a fleet's monthly cost and the difference to what is deployed."""

import argparse
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from fediversity.cli.stack_argument import add_stack
from fediversity.cost.deployed import deployed_items
from fediversity.cost.estimate import Difference, Estimate, Priced, difference, estimate
from fediversity.cost.fleet_items import fleet_items, outside, switched_off
from fediversity.cost.format import budget_words, money, signed, total, unpriced_lines
from fediversity.cost.prices import load_prices
from fediversity.cost.record import read_record
from fediversity.fleet.policy import Budget
from fediversity.fleet.providers.billing import Item
from fediversity.planning.stacks import open_stack
from fediversity.project.project import Project
from fediversity.project.settings import Settings
from fediversity.state.backend import backend_url, checkpoint_files, folder_of, read_deployment, read_project
from fediversity.support.durations import ago

EXAMPLES = (
    "fediversity cost production",
    "fediversity cost production --json",
)


@dataclass(frozen=True)
class Deployed:
    """The deployed items, None if they are not known; `source` says where that is from."""

    items: tuple[Item, ...] | None
    source: str


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    add_stack(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Prints the estimate. Raises FleetError or SettingsError if the stack's files are not in order."""
    project, fleet = open_stack(arguments.stack)
    settings = project.settings
    found = estimate(fleet_items(fleet), load_prices(), switched_off(fleet), outside(fleet))
    deployed = _deployed(project)
    compared = None if deployed.items is None else difference(found, estimate(deployed.items, found.table))
    if arguments.json:
        json.dump(as_data(found, compared, deployed, settings, fleet.policy.budget), sys.stdout, indent=2)
        print()
    else:
        _print(found, compared, deployed, settings, fleet.policy.budget)
    return 0


def _deployed(project: Project) -> Deployed:
    file, stack = read_project(project.root), project.stack
    folder = folder_of(backend_url(file, os.environ, project.settings.backend), project.root)
    if folder is not None:
        deployment = read_deployment(folder, file["name"], stack)
        if deployment is not None:
            return Deployed(deployed_items(deployment.get("resources") or ()), "by Pulumi's state")
        if any(file.is_file() for file in checkpoint_files(folder, file["name"], stack)):
            return Deployed(None, "not known here: the state is compressed")
        return Deployed((), "the stack was never rolled out")
    record = read_record(project.folder)
    if record is None:
        return Deployed(
            None, "not known here: the state is not in a folder, and no rollout was done from this computer"
        )
    return Deployed(record.items, f"by the last rollout from this computer, {ago(time.time() - record.at)}")


def as_data(
    found: Estimate, compared: Difference | None, deployed: Deployed, settings: Settings, budget: Budget | None
) -> dict[str, Any]:
    """Returns the estimate as plain data. Amounts are texts, to the cent; without a price or by use they are null."""
    return {
        "stack": settings.stack,
        "simulated": settings.simulated,
        "prices": [vars(source) for source in found.table.sources],
        "items": [_line(line) for line in found.lines],
        "machines": {owner: _texts(found.totals(owner)) for owner in found.owners},
        "switched_off": list(found.switched_off),
        "outside": list(found.outside),
        "total": _texts(found.totals()),
        "total_in_eur": str(found.altogether()),
        "usd_per_eur": str(found.table.usd_per_eur),
        "complete": not found.unpriced,
        "budget": None if budget is None else {**budget.model_dump(), "within": not budget_words(found, budget)},
        "deployed": deployed.source,
        "difference": None
        if compared is None
        else {
            "more": _texts(compared.more),
            "complete": compared.sure,
            "changes": [str(change) for change in compared.changes],
        },
    }


def _line(line: Priced) -> dict[str, Any]:
    return {
        **vars(line.item),
        "price": None if line.price is None else str(line.price),
        "amount": None if line.amount is None else f"{line.amount:.2f}",
        "currency": line.currency,
    }


def _texts(totals: Any) -> dict[str, str]:
    return {currency: str(amount) for currency, amount in totals.items()}


def _print(
    found: Estimate, compared: Difference | None, deployed: Deployed, settings: Settings, budget: Budget | None
) -> None:
    from rich import box  # noqa: PLC0415 (JSON needs none of it)
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    where = "; simulated, so nothing is billed" if settings.simulated else ""
    table = Table(title=f"A month of {settings.stack}{where}", box=box.SIMPLE, title_justify="left")
    table.add_column("for", no_wrap=True, style="bold")
    table.add_column("what")
    table.add_column("a month", justify="right", no_wrap=True)
    for owner in found.owners:
        lines = [line for line in found.lines if line.item.owner == owner]
        for number, line in enumerate(lines):
            table.add_row(owner if number == 0 else "", Text(str(line.item)), _amount(line))
        if len(lines) > 1:
            table.add_row("", Text("together", style="dim"), Text(money(found.totals(owner)), style="dim"))
    for name in found.switched_off:
        table.add_row(name, Text("switched off", style="dim"), "nothing")
    console.print(table)
    for text in _notes(found, compared, deployed, budget):
        console.print(Text(text), soft_wrap=True)


def _amount(line: Priced) -> str:
    if line.price is None:
        return "no price known"
    return f"{line.price} {line.currency} a GB" if line.amount is None else f"{line.amount:.2f} {line.currency}"


def _notes(found: Estimate, compared: Difference | None, deployed: Deployed, budget: Budget | None) -> list[str]:
    notes = [f"Total: {total(found)}"]
    if budget is not None:
        notes.append(budget_words(found, budget) or f"Within the budget of {budget.monthly} {budget.currency}.")
    notes += [f"No price known: {line}" for line in unpriced_lines(found)]
    notes += [f"By use, and in no total: {line.item.owner}" for line in found.by_use]
    if found.outside:
        notes.append(f"No cloud bills {', '.join(found.outside)}.")
    if compared is None:
        notes.append(f"What is deployed is {deployed.source}.")
    else:
        more = signed(compared.more) or ("nothing more or less" if compared.sure else "not known")
        sure = "" if compared.sure else ", without what has no price"
        notes.append(f"Compared with what is deployed ({deployed.source}): {more}{sure}")
        notes += [f"  {change}" for change in compared.changes]
    dates = ", ".join(f"{source.what} {source.date}" for source in found.table.sources)
    rate = f"1 EUR = {found.table.usd_per_eur} USD of {found.table.exchange_date}"
    return [*notes, f"Prices without value-added tax, traffic and use, of: {dates}. {rate}."]
