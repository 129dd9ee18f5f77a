"""The recorder itself: it shows what it is there to show, and refuses what the engine refuses."""

import pulumi
import pytest

from tests.program.recording import Secret, record


class Thing(pulumi.CustomResource):
    """A resource of some package."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: pulumi.Input[object]) -> None:
        super().__init__("some:index:Thing", name, inputs, opts)


class Group(pulumi.ComponentResource):
    """A component."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("some:index:Group", name, None, opts)


def test_urns_name_all_ancestors_as_the_engine_s_do() -> None:
    def program() -> None:
        outer = Group("outer")
        inner = Group("inner", pulumi.ResourceOptions(parent=outer))
        Thing("leaf", pulumi.ResourceOptions(parent=inner))

    recording = record(program, stack="test")
    leaf = recording.one("some:index:Thing", "leaf")
    assert leaf.urn == "urn:pulumi:test::fediversity::some:index:Group$some:index:Group$some:index:Thing::leaf"
    assert recording[leaf.parent].name == "inner"


def test_dependencies_protection_and_ignored_changes_are_seen() -> None:
    def program() -> None:
        first = Thing("first", pulumi.ResourceOptions(protect=True))
        Thing("second", pulumi.ResourceOptions(ignore_changes=["colour"]), after=first.urn)
        Thing("third", pulumi.ResourceOptions(depends_on=[first]))

    recording = record(program, stack="test")
    first, second, third = (recording.one("some:index:Thing", name) for name in ("first", "second", "third"))
    assert (first.protect, second.protect) == (True, False)
    assert second.ignore_changes == {"colour"}
    assert second.property_dependencies == {"after": {first.urn}}
    assert third.dependencies == {first.urn}
    assert not third.property_dependencies


def test_secrets_are_told_from_what_is_in_clear() -> None:
    recording = record(lambda: Thing("one", word=pulumi.Output.secret("hidden"), count=3), stack="test")
    assert recording.one("some:index:Thing", "one").inputs == {"word": Secret("hidden"), "count": 3}


def test_two_resources_of_one_name_are_refused() -> None:
    with pytest.raises(AssertionError, match="Duplicate"):
        record(lambda: [Thing("one"), Thing("one")], stack="test")


def test_what_the_program_raises_is_raised() -> None:
    def program() -> None:
        raise pulumi.RunError("no")

    with pytest.raises(pulumi.RunError, match="no"):
        record(program, stack="test")


def test_each_program_runs_in_a_runtime_of_its_own() -> None:
    for stack in ("one", "two"):
        recording = record(lambda: Thing("thing"), stack=stack, config={"some:key": stack})
        assert [entry.urn.split("::")[0] for entry in recording.custom] == [f"urn:pulumi:{stack}"]


def test_in_a_preview_nothing_is_known_that_only_a_cloud_can_tell() -> None:
    seen: list[str] = []

    def program() -> None:
        Thing("one").id.apply(seen.append)

    record(program, stack="test", preview=True)
    assert seen == []
    record(program, stack="test")
    assert len(seen) == 1
