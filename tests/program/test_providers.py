"""Providers: each explicit, the right one, and none that a fleet does not need."""

import subprocess
import sys

import pulumi
import pytest

from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.accounts import ACCOUNTS
from fediversity.project.credentials import Credential, Credentials
from fediversity.project.settings import parse_settings, with_plugins
from fediversity.support.constants import LOCAL_VERSION
from tests.planning.samples import PROJECT, dev_fleet, every_kind, mac, one_server, server, unchecked
from tests.program.contracts import wrong_in_arguments, wrong_in_schema
from tests.program.programs import DEV, PRODUCTION, STACKS, TOKEN, declare, dev, production
from tests.program.recording import Recording, Secret

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
from tests.program.programs import {settings}, declare
from tests.planning.samples import {fleet}
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


def test_a_credential_from_elsewhere_is_kept_as_a_secret_and_a_plug_in_s_own_is_not_kept_at_all() -> None:
    credentials: Credentials = {"hcloud": Credential("value", TOKEN), "gcp": Credential("value", "a-key")}
    recording = declare(every_kind(), PRODUCTION, credentials=credentials)
    assert recording.one("pulumi:providers:hcloud", "hcloud").inputs["token"] == Secret(TOKEN)
    assert recording.one("pulumi:providers:gcp", "gcp").inputs["credentials"] == Secret("a-key")
    left = declare(every_kind(), PRODUCTION, credentials={"hcloud": Credential("config"), "gcp": Credential("plugin")})
    assert "credentials" not in left.one("pulumi:providers:gcp", "gcp").inputs


def test_a_stack_s_own_end_points_are_those_of_its_providers() -> None:
    gcp = {service: f"https://proxy.example/{service}/" for service in ACCOUNTS["gcp"].services}
    given = {"fleet": "stacks/production.yaml", "endpoints": {"hcloud": "http://127.0.0.1:8081/v1", "gcp": gcp}}
    recording = declare(every_kind(), parse_settings("production", given))
    assert recording.one("pulumi:providers:hcloud", "hcloud").inputs["endpoint"] == "http://127.0.0.1:8081/v1"
    inputs = recording.one("pulumi:providers:gcp", "gcp").inputs
    assert {name: value for name, value in inputs.items() if name.endswith("CustomEndpoint")} == {
        "computeCustomEndpoint": gcp["compute"],
        "dnsCustomEndpoint": gcp["dns"],
        "iamCustomEndpoint": gcp["iam"],
        "kmsCustomEndpoint": gcp["kms"],
        "cloudResourceManagerCustomEndpoint": gcp["resource_manager"],
        "storageCustomEndpoint": gcp["storage"],
    }
    for kind in ("hcloud", "gcp"):
        entry = recording.one(f"pulumi:providers:{kind}", kind)
        wrong = wrong_in_schema if kind == "hcloud" else wrong_in_arguments
        assert wrong(entry.type, entry.inputs) == []


def test_a_preview_with_simulated_plug_ins_shows_real_machines_and_no_site() -> None:
    recording = declare(every_kind(), with_plugins(PRODUCTION, "local"), preview=True)
    assert providers(recording) == dict.fromkeys(("hcloud", "gcp", "command"), LOCAL_VERSION)
    assert not recording.of_type("simulated:index:Site")
    assert recording.one("pulumi:providers:hcloud", "hcloud").inputs == {
        "endpoint": "simulated:production",
        "token": Secret("simulated"),
    }


def test_only_a_preview_with_simulated_plug_ins_stands_a_key_in_for_missing_operators() -> None:
    fleet = unchecked({"machines": {"web": server()}})
    recording = declare(fleet, with_plugins(PRODUCTION, "local"), preview=True)
    assert recording.names("hcloud:index/sshKey:SshKey") == ["nobody-key"]
    with pytest.raises(pulumi.RunError, match="nobody could log in"):
        declare(fleet, PRODUCTION, preview=True)
