"""Every provider stands in every table, and nothing outside `fleet/providers` asks which provider it has."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from fediversity.fleet.checks import CHECKS
from fediversity.fleet.providers.accounts import ACCOUNTS, package_of_kind
from fediversity.fleet.providers.base import CloudProvider, MachineProvider
from fediversity.fleet.providers.registry import CLOUDS as CLOUD_PROVIDERS
from fediversity.fleet.providers.registry import PROVIDERS, ZONE_SERVICES, PerProvider, ZoneProvider
from fediversity.fleet.providers.resource_types import CLOUDS as CLOUD_RESOURCES
from fediversity.fleet.providers.resource_types import RESOURCE_TYPES
from fediversity.program.cloud import Cloud
from fediversity.program.clouds import FOLDERS, cloud_class
from fediversity.support.constants import LOCAL_PACKAGES

PACKAGE = Path(__file__).parents[2] / "fediversity"
PROVIDER_FOLDER = PACKAGE / "fleet" / "providers"


def kind_of(provider: type[MachineProvider]) -> str:
    """The word in a fleet file that chooses a provider."""
    return str(get_args(provider.model_fields["kind"].annotation)[0])


KINDS = [kind_of(provider) for provider in PROVIDERS]
CLOUDS = {kind_of(provider) for provider in CLOUD_PROVIDERS}


def test_every_provider_has_a_cap_of_its_own() -> None:
    assert list(PerProvider.model_fields) == KINDS


def test_every_cloud_has_an_account_resource_types_and_a_part_of_the_program() -> None:
    assert {account.kind for account in ACCOUNTS.values()} == CLOUDS
    assert {cloud.package for cloud in CLOUD_RESOURCES} == set(ACCOUNTS)
    assert set(FOLDERS) == CLOUDS
    assert {path.parent.name for path in PROVIDER_FOLDER.glob("*/account.py")} == set(FOLDERS.values())


def test_every_cloud_s_checks_are_made() -> None:
    homes = {check.__module__ for check in CHECKS}
    assert {f"fediversity.fleet.providers.{folder}.checks" for folder in FOLDERS.values()} <= homes


def test_zones_are_served_by_the_clouds_whose_part_of_the_program_declares_some() -> None:
    serving = {kind for kind in FOLDERS if cloud_class(kind).zone is not Cloud.zone}
    assert set(get_args(ZoneProvider)) == set(ZONE_SERVICES) == serving


def test_the_set_up_installs_a_simulated_plug_in_of_every_package_that_has_one() -> None:
    assert {package_of_kind(kind) for kind in CLOUDS} <= set(LOCAL_PACKAGES)


@pytest.mark.parametrize("token", RESOURCE_TYPES)
def test_what_people_would_miss_is_kept_by_its_cloud_or_by_pulumi(token: str) -> None:
    entry = RESOURCE_TYPES[token]
    if entry.word:
        assert entry.kept_by is not None


@pytest.mark.parametrize("provider", CLOUD_PROVIDERS)
def test_a_cloud_says_everything_that_differs(provider: type[CloudProvider]) -> None:
    assert provider.machine_types
    assert provider.places
    assert provider.size_field in provider.model_fields
    assert "install_type" not in provider.model_fields or "larger_size" in vars(provider)
    assert not getattr(provider, "__abstractmethods__", None)


def questions(tree: ast.AST) -> Iterator[int]:
    """The lines that ask which provider something is: by its class, or by its word in a fleet file."""
    classes = {provider.__name__ for provider in PROVIDERS}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"isinstance", "issubclass"}:
            if classes & {name.id for name in ast.walk(node.args[1]) if isinstance(name, ast.Name)}:
                yield node.lineno
        elif isinstance(node, ast.MatchClass) and ast.unparse(node.cls) in classes:
            yield node.lineno
        elif isinstance(node, ast.Compare):
            words = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            if words & set(KINDS) and ".kind" in ast.unparse(node):
                yield node.lineno


def test_nothing_outside_the_providers_asks_which_provider_it_has() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if PROVIDER_FOLDER not in file.parents]
    found = [(file, line) for file in files for line in questions(ast.parse(file.read_text(), str(file)))]
    assert [f"{file.relative_to(PACKAGE)}:{line}" for file, line in found] == []


@pytest.mark.parametrize(
    "question",
    [
        "isinstance(x, GcpProvider)",
        "isinstance(x, ExistingProvider | DarwinProvider)",
        "x.provider.kind == 'hetzner'",
        "x.kind in {'hetzner', 'gcp'}",
        "match x:\n    case HetznerProvider(): pass",
    ],
)
def test_such_a_question_would_be_found(question: str) -> None:
    assert list(questions(ast.parse(question)))
