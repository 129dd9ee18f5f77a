"""The facts that rules go by are those of the packages: types, and what their properties are called."""

from collections.abc import Iterator

import pytest
from pulumi import _types

from fediversity.fleet.providers.resource_types import CLOUDS, RESOURCE_TYPES, resource_type
from tests.contracts import hcloud
from tests.policy.stacks import PROJECT, declared_by, settings_of
from tests.program.contracts import arguments
from tests.program.google_fleet import google_fleet
from tests.program.programs import PRODUCTION, declare, production


def inputs_of(type_: str) -> set[str] | None:
    """The properties that a type takes, by the engine's names; None for one that the tests know no class of."""
    if type_.startswith("hcloud:"):
        entry = hcloud.recorded()["resources"].get(type_)
        return set(entry["inputs"]) if entry else set()
    return set(_types.input_type_types(arguments()[type_])) if type_ in arguments() else None


def declared_types() -> set[str]:
    """Every type that the project's stacks declare, and a fleet that has something of every kind."""
    types = {entry.type for entry in (*production().custom, *declare(google_fleet(), PRODUCTION).custom)}
    for name in ("dev", "production"):
        found = declared_by((PROJECT / settings_of(name).fleet_file).read_text(), name)[1]
        types |= {entry.type for entry in found}
    return {type_ for type_ in types if type_.startswith(("gcp:", "hcloud:"))}


def test_every_declared_type_that_takes_labels_is_in_the_table() -> None:
    for type_ in declared_types():
        names = inputs_of(type_)
        assert names is not None, f"{type_} is not in tests/program/contracts.py"
        assert ("labels" in names) == resource_type(type_).labelled, type_


def test_every_declared_type_that_can_be_protected_at_its_cloud_is_in_the_table() -> None:
    switches = {"deleteProtection", "deletionProtection", "rebuildProtection"}
    for type_ in declared_types():
        assert not switches & (inputs_of(type_) or set()) - set(resource_type(type_).kept_by or ()), type_


def facts() -> Iterator[tuple[str, str]]:
    """Every property that a table says a type has."""
    for token, entry in RESOURCE_TYPES.items():
        yield from ((token, "labels") for _ in range(entry.labelled))
        yield from ((token, name) for name in entry.kept_by or ())
        yield from ((token, name) for name in (entry.size, entry.accelerators, entry.firewalls) if name)


@pytest.mark.parametrize(("type_", "name"), sorted(facts()))
def test_a_type_has_the_property_that_the_table_says(type_: str, name: str) -> None:
    names = inputs_of(type_)
    if names is None:
        # Not declared by anything here, so it is in the SDK at most: what is declared is looked at above.
        assert type_ not in declared_types()
    else:
        assert name in names


def test_every_package_s_places_are_properties_of_something_declared() -> None:
    for cloud in CLOUDS:
        declared = {type_ for type_ in declared_types() if type_.startswith(f"{cloud.package}:")}
        taken = {name for type_ in declared for name in inputs_of(type_) or ()}
        assert taken & set(cloud.places)
