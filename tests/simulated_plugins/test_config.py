"""Tests the configuration of the simulated providers: they refuse everything that belongs to a real cloud."""

from collections.abc import Mapping

import pytest

from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.values import UNKNOWN

HCLOUD = {"endpoint": "simulated:dev", "token": "simulated", "version": "0.0.0-local"}
APIS = ("cloudResourceManager", "compute", "dns", "iam", "kms", "storage")
GCP = {"project": "simulated"} | {f"{api}CustomEndpoint": "simulated:dev" for api in APIS}
RIGHT = {"hcloud": HCLOUD, "gcp": GCP, "command": {}, "simulated": {"stack": "dev"}}


def problems(package: str, inputs: Mapping[str, object], stack: str = "dev") -> list[str]:
    return [str(problem) for problem in provider(package).config.check(inputs, stack)]


@pytest.mark.parametrize("package", RIGHT)
def test_the_configuration_of_the_dev_stack_is_taken(package: str) -> None:
    assert not problems(package, dict(RIGHT[package]))


def test_a_real_endpoint_is_refused() -> None:
    (text,) = problems("hcloud", HCLOUD | {"endpoint": "https://api.hetzner.cloud/v1"})
    assert text.startswith("endpoint: is refused: this is a simulated provider")
    assert 'it must be "simulated:dev"' in text


def test_a_real_token_is_refused_and_not_repeated() -> None:
    (text,) = problems("hcloud", HCLOUD | {"token": "s3cr3t-t0k3n"})
    assert "token: is refused" in text
    assert "s3cr3t" not in text


@pytest.mark.parametrize("name", ["credentials", "accessToken", "impersonateServiceAccount"])
def test_real_credentials_for_gcp_are_refused_and_not_repeated(name: str) -> None:
    (text,) = problems("gcp", GCP | {name: "s3cr3t"})
    assert f"{name}: is not a setting of this simulated provider" in text
    assert "s3cr3t" not in text


def test_the_embedded_cloud_of_another_stack_is_refused() -> None:
    assert problems("hcloud", HCLOUD, stack="other")
    assert problems("simulated", {"stack": "dev"}, stack="other")


@pytest.mark.parametrize("package", ["hcloud", "gcp", "simulated"])
def test_everything_missing_is_named(package: str) -> None:
    missing = {text.split(":")[0] for text in problems(package, {})}
    assert missing == set(RIGHT[package]) - {"version"}


def test_a_value_that_is_not_known_yet_passes() -> None:
    assert not problems("hcloud", HCLOUD | {"endpoint": UNKNOWN})


def test_a_name_that_could_leave_the_projects_folder_is_no_stack() -> None:
    assert problems("simulated", {"stack": ".."}, stack="..")
    assert problems("simulated", {"stack": "a/b"}, stack="a/b")


def test_another_endpoint_means_new_resources_and_another_token_does_not() -> None:
    config = provider("hcloud").config
    assert config.changed(HCLOUD, HCLOUD | {"endpoint": "simulated:other"}) == {"endpoint": True}
    assert config.changed(HCLOUD, HCLOUD | {"token": "other"}) == {"token": False}
    assert config.changed(HCLOUD, HCLOUD | {"version": "1.0.0"}) == {}
