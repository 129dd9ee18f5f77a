"""Providers: each explicit, the right one, and none that a fleet does not need."""

import subprocess
import sys

import pytest

from fediversity.components.simulated import LOCAL_VERSION
from fediversity.fleet.model import Fleet
from fediversity.plan.settings import parse_settings
from tests.components.programs import DEV, PRODUCTION, STACKS, declare, dev, production
from tests.components.recording import Recording, Secret
from tests.plan.samples import PROJECT, dev_fleet, every_kind, mac, one_server, unchecked

OFFICIAL_VERSIONS = {"hcloud": "1.43.3", "gcp": "10.2.0", "command": "1.2.1"}


def providers(recording: Recording) -> dict[str, str]:
    """The version of each provider, by package."""
    return {entry.package: entry.version for entry in recording.all if entry.is_provider}


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_names_its_provider(stack: str) -> None:
    recording = STACKS[stack]()
    for entry in recording.custom:
        assert entry.provider, f"{entry.urn} is left to a default provider"
        assert recording[entry.provider_urn].type == f"pulumi:providers:{entry.package}"


def test_a_simulated_stack_uses_the_local_plug_ins_only() -> None:
    assert providers(dev()) == dict.fromkeys(("simulated", "hcloud", "gcp", "command"), LOCAL_VERSION)


def test_a_real_stack_uses_the_official_plug_ins_only() -> None:
    assert providers(production()) == OFFICIAL_VERSIONS


def test_simulated_providers_are_told_a_place_that_no_real_plug_in_takes() -> None:
    hcloud = dev().one("pulumi:providers:hcloud", "hcloud").inputs
    gcp = dev().one("pulumi:providers:gcp", "gcp").inputs
    assert hcloud == {"endpoint": "simulated:dev", "token": Secret("simulated")}
    apis = ("cloudResourceManager", "compute", "dns", "iam", "kms", "storage")
    assert gcp == {"project": "simulated"} | {f"{api}CustomEndpoint": "simulated:dev" for api in apis}
    assert dev().one("pulumi:providers:command", "command").inputs == {}


def test_real_providers_are_told_the_token_and_the_project_of_the_stack() -> None:
    hcloud = production().one("pulumi:providers:hcloud", "hcloud").inputs
    gcp = production().one("pulumi:providers:gcp", "gcp").inputs
    assert hcloud.keys() == {"token"}
    assert gcp == {"project": "everything-production"}


def test_a_simulated_rollout_can_run_with_the_official_command_plug_in() -> None:
    plugins = {"hcloud": "local", "gcp": "local", "command": "official"}
    settings = parse_settings("dev", {"fleet": "stacks/dev.yaml", "machines": "simulated", "plugins": plugins})
    recording = declare(one_server(), settings)
    assert providers(recording) == {
        "simulated": LOCAL_VERSION,
        "hcloud": LOCAL_VERSION,
        "command": OFFICIAL_VERSIONS["command"],
    }
    site = recording.one("simulated:index:Site", "site")
    assert site.urn in recording.one("pulumi:providers:command", "command").dependencies


@pytest.mark.parametrize(
    ("fleet", "needed"),
    [
        (one_server(), {"hcloud", "command"}),
        (unchecked({"machines": {"desk": mac("desk.mesh")}}), {"command"}),
        (every_kind(), {"hcloud", "gcp", "command"}),
    ],
)
def test_a_fleet_has_only_the_providers_it_needs(fleet: Fleet, needed: set[str]) -> None:
    assert set(providers(declare(fleet, PRODUCTION))) == needed


def test_a_zone_or_a_bucket_alone_brings_its_provider() -> None:
    machines = {"desk": mac("desk.mesh")}
    gcp = {"project": "everything-production"}
    bucket = unchecked({"machines": machines, "gcp": gcp, "buckets": {"media": {"location": "eu"}}})
    assert "gcp" in providers(declare(bucket, PRODUCTION))
    zones = {"fleet.example": {"provider": "gcp"}}
    assert "gcp" in providers(
        declare(unchecked({"machines": machines, "gcp": gcp, "dns": {"zones": zones}}), PRODUCTION)
    )
    zones = {"fleet.example": {"provider": "hetzner"}}
    assert set(providers(declare(unchecked({"machines": machines, "dns": {"zones": zones}}), PRODUCTION))) == {
        "hcloud",
        "command",
    }


WITHOUT_GOOGLE = """
import sys
from tests.components.programs import {settings}, declare
from tests.plan.samples import {fleet}
declare({fleet}(), {settings})
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & {{"pulumi_gcp", "pulumi_hcloud", "pulumi_command"}}))
"""


def loaded(fleet: str, settings: str) -> str:
    """The SDKs that a program loads which declares a fleet."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT_GOOGLE.format(fleet=fleet, settings=settings)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_google_s_slow_sdk_is_loaded_only_for_a_fleet_that_lives_there() -> None:
    assert loaded("one_server", "DEV") == "pulumi_command pulumi_hcloud"


def test_a_fleet_without_a_project_cannot_ask_for_google_by_accident() -> None:
    fleet = every_kind().model_copy(update={"gcp": None})
    with pytest.raises(ValueError, match="Google project"):
        declare(fleet, PRODUCTION)


def test_the_dev_stack_s_own_fleet_uses_every_simulated_package() -> None:
    assert set(providers(declare(dev_fleet(), DEV))) == {"simulated", "hcloud", "gcp", "command"}
