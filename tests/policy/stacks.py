"""Stacks to judge: the project's own, and those with one thing wrong."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from fediversity.fleet.load import parse_fleet
from fediversity.fleet.model import Fleet
from fediversity.policy.monthly_cost import stack_of
from fediversity.policy.resources import DeclaredResource, Stack, Violation
from fediversity.policy.rules import violations
from fediversity.program.mock_pulumi import declared_resources
from fediversity.project.settings import Settings, parse_settings

PROJECT = Path(__file__).parents[2]
PRODUCTION = (PROJECT / "stacks" / "production.yaml").read_text()

Resources = tuple[DeclaredResource, ...]


@functools.cache
def settings_of(stack: str, **changes: str) -> Settings:
    """The settings of one of the project's stacks, with changes."""
    config = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())["config"]
    given = {key.removeprefix("fediversity:"): value for key, value in config.items()}
    given["protect"] = str(given["protect"]).lower()
    return parse_settings(stack, given | changes)


@functools.cache
def declared_by(text: str, stack: str, **changes: str) -> tuple[Fleet, Resources]:
    """A fleet file's fleet, and what the program declares for it in a stack, its settings changed."""
    own = settings_of(stack, **changes)
    fleet = parse_fleet(text, own.fleet_file)
    return fleet, declared_resources(fleet, own)


@dataclass(frozen=True)
class Bad:
    """A stack with one thing wrong: `production` with texts of its fleet file, settings or resources replaced.

    `where` is how the place begins that the problem names.
    """

    rule: str
    where: str
    edits: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    resources: Callable[[Resources], Resources] = lambda found: found
    monthly: Decimal | None = None

    def judged(self) -> tuple[Stack, list[Violation]]:
        """The stack, and what it breaks."""
        text = PRODUCTION
        for old, new in self.edits.items():
            assert old in text, f"{old!r} is not in the fleet file"
            text = text.replace(old, new, 1)
        own = settings_of("production", **self.settings)
        fleet, found = declared_by(text, "production", **self.settings)
        stack = stack_of(own, fleet) if self.monthly is None else Stack(own, fleet, self.monthly)
        return stack, list(violations(self.resources(found), stack))


def with_inputs(type_: str, **inputs: Any) -> Callable[[Resources], Resources]:
    """The first resource of a type gets other inputs."""

    def change(found: Resources) -> Resources:
        at = next(index for index, entry in enumerate(found) if entry.type == type_)
        changed = replace(found[at], inputs={**found[at].inputs, **inputs})
        return (*found[:at], changed, *found[at + 1 :])

    return change


def also(type_: str, **inputs: Any) -> Callable[[Resources], Resources]:
    """The program declares one resource more."""
    return lambda found: (*found, DeclaredResource(type_, "more", inputs, provider="gcp"))
