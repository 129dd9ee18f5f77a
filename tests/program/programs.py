"""The programs whose registrations the tests look at: fleet, plan and declaration together, as in the entry point."""

import functools
import gc
import json
import runpy
from collections.abc import Mapping

from fediversity.fleet.model import Fleet
from fediversity.planning.steps import Plan
from fediversity.program.fleet_program import Program
from fediversity.project.credentials import Credentials
from fediversity.project.settings import Settings, parse_settings
from tests.planning.samples import PROJECT, every_kind, plan_of
from tests.program.recording import Recording, record

TOKEN = "the-token-of-a-real-project"

DEV_CONFIG = {
    "fediversity:fleet": "stacks/dev.yaml",
    "fediversity:machines": "simulated",
    "fediversity:plugins": json.dumps({"hcloud": "local", "gcp": "local", "command": "local"}),
    "fediversity:protect": "false",
}
"""What the engine hands over of `Pulumi.dev.yaml`: every value as text."""

DEV = parse_settings(
    "dev",
    {
        "fleet": "stacks/dev.yaml",
        "machines": "simulated",
        "plugins": {"hcloud": "local", "gcp": "local", "command": "local"},
        "protect": "false",
    },
)
PRODUCTION = parse_settings("production", {"fleet": "stacks/production.yaml", "identity": "~/.ssh/id_ed25519"})
STAGING = parse_settings("staging", {"fleet": "stacks/staging.yaml", "protect": "false", "flake": "systems/nix"})


def declare(
    fleet: Fleet,
    settings: Settings,
    *,
    preview: bool = False,
    attempts: Mapping[str, int] | None = None,
    credentials: Credentials | None = None,
) -> Recording:
    """What a fleet registers in a stack with those settings."""
    config = {} if settings.simulated else {"hcloud:token": TOKEN}
    plan = plan_for(fleet, settings)
    return record(
        lambda: Program(fleet, plan, settings, attempts, credentials=credentials).declare(),
        stack=settings.stack,
        config=config,
        preview=preview,
    )


def plan_for(fleet: Fleet, settings: Settings) -> Plan:
    """The plan that `declare` declares."""
    return plan_of(fleet, settings.site)


def run_entry_point(config: Mapping[str, str]) -> Recording:
    """What `__main__.py` registers; the current folder must be a project's."""
    try:
        return record(lambda: runpy.run_path(str(PROJECT / "__main__.py")), stack="dev", config=config)
    finally:
        gc.enable()


@functools.cache
def dev() -> Recording:
    """Something of every kind, simulated."""
    return declare(every_kind(), DEV)


@functools.cache
def production() -> Recording:
    """Something of every kind, for real and protected."""
    return declare(every_kind(), PRODUCTION)


@functools.cache
def staging() -> Recording:
    """Something of every kind, for real, not protected, without an identity."""
    return declare(every_kind(), STAGING)


STACKS = {"dev": dev, "production": production, "staging": staging}
SETTINGS = {"dev": DEV, "production": PRODUCTION, "staging": STAGING}
