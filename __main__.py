"""The Pulumi program: connects settings, fleet, plan and declaration, and decides nothing itself."""

from pathlib import Path

import pulumi

from fediversity.components.program import Program
from fediversity.components.settings import load_settings
from fediversity.fleet.files import FLEET_JSON
from fediversity.fleet.handoff import render, require_current
from fediversity.fleet.load import load_fleet
from fediversity.fleet.problems import FleetError
from fediversity.plan.build import make_plan
from fediversity.plan.fingerprint import fingerprints
from fediversity.plan.images import require_image_port
from fediversity.plan.settings import SettingsError, require_plain_path

settings = load_settings()
flake = Path(settings.flake)
try:
    require_plain_path(Path.cwd())
    fleet = load_fleet(Path(settings.fleet_file))
    require_image_port(fleet, settings)
    require_current(fleet, flake / FLEET_JSON)
except (FleetError, SettingsError) as error:
    raise pulumi.RunError(str(error)) from None
plan = make_plan(fleet, fingerprints(flake, render(fleet)), settings.site)
Program(fleet, plan, settings).declare()
