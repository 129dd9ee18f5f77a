"""Tests the check of input names and types against schemas."""

from typing import Any

import pytest

from fediversity.embedded_cloud.plugins.checks import CheckedInputs, Naming, check_inputs
from fediversity.embedded_cloud.plugins.registry import provider
from fediversity.embedded_cloud.plugins.schema import Extra, Properties, Property, ResourceSchema
from fediversity.embedded_cloud.plugins.values import UNKNOWN

RULE: Properties = {"port": Property("string", required=True), "sources": Property("[string]")}
TABLE = ResourceSchema(
    "test:index:Thing",
    inputs={
        "name": Property("string"),
        "size": Property("integer", required=True),
        "share": Property("number"),
        "protected": Property("boolean"),
        "labels": Property("{string}"),
        "rules": Property("[Rule]"),
        "anything": Property("any"),
        "rescue": Property("string"),
    },
    outputs={},
    types={"Rule": RULE},
    extra=Extra(defaults={"protected": False}, not_simulated=frozenset({"rescue"})),
)
SEED = Naming("web", b"\x01")


def checked(**inputs: Any) -> CheckedInputs:
    return check_inputs(TABLE, {"name": "n", "size": 1} | inputs, {}, SEED)


def texts(**inputs: Any) -> list[str]:
    return [str(problem) for problem in checked(**inputs).problems]


def test_right_inputs_pass_as_they_are() -> None:
    inputs = {"share": 0.5, "labels": {"a": "b"}, "rules": [{"port": "1", "sources": ["x"]}], "anything": [1, {}]}
    assert not texts(**inputs)
    assert inputs.items() <= checked(**inputs).inputs.items()


def test_an_unknown_property_is_refused_with_a_hint() -> None:
    assert texts(protectd=True) == ['protectd: there is no such property; did you mean "protected"?']


def test_an_unknown_property_inside_an_object_is_refused_with_its_path() -> None:
    assert texts(rules=[{"port": "1", "prot": "2"}]) == [
        'rules[0].prot: there is no such property; did you mean "port"?'
    ]


def test_a_missing_property_is_refused() -> None:
    assert [str(problem) for problem in check_inputs(TABLE, {}, {}, SEED).problems] == ["size: is missing"]


def test_a_missing_property_inside_an_object_is_refused() -> None:
    assert texts(rules=[{"sources": []}]) == ["rules[0].port: is missing"]


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"name": 5}, "name: must be a string, not a whole number"),
        ({"name": ["a"]}, "name: must be a string, not a list"),
        ({"size": "big"}, "size: must be a whole number, not a string"),
        ({"size": 1.5}, "size: must be a whole number, not a number"),
        ({"size": True}, "size: must be a whole number, not true or false"),
        ({"share": "half"}, "share: must be a number, not a string"),
        ({"protected": "yes"}, "protected: must be true or false, not a string"),
        ({"labels": ["a"]}, "labels: must be a map, not a list"),
        ({"labels": {"a": 1}}, "labels.a: must be a string, not a whole number"),
        ({"rules": {"port": "1"}}, "rules: must be a list, not an object"),
        ({"rules": ["port"]}, "rules[0]: must be an object, not a string"),
        ({"rules": [{"port": "1", "sources": [1]}]}, "rules[0].sources[0]: must be a string, not a whole number"),
    ],
)
def test_a_wrong_type_is_refused(inputs: dict[str, Any], text: str) -> None:
    assert texts(**inputs) == [text]


def test_all_problems_come_at_once() -> None:
    assert len(texts(nope=1, size="big", rules=[{}], labels=3)) == 4


def test_a_wrong_value_is_not_repeated_since_it_may_be_a_secret() -> None:
    assert "hunter2" not in " ".join(texts(size="hunter2", labels="hunter2"))


def test_the_id_of_a_resource_is_taken_for_a_whole_number() -> None:
    assert checked(size="70000001").inputs["size"] == 70000001


def test_a_value_that_is_not_known_yet_passes_everywhere() -> None:
    assert not texts(name=UNKNOWN, size=UNKNOWN, labels=UNKNOWN, rules=[{"port": UNKNOWN, "sources": [UNKNOWN]}])


def test_a_null_property_counts_as_not_given() -> None:
    assert "labels" not in checked(labels=None).inputs


def test_defaults_are_filled_in_and_noted() -> None:
    inputs = checked().inputs
    assert inputs["protected"] is False
    assert inputs["__defaults"] == ["protected"]


def test_where_nothing_is_filled_in_inputs_stay_as_the_real_plug_in_would_keep_them() -> None:
    table = provider("command").package.schemas["command:local:Command"]
    assert check_inputs(table, {"create": "true"}, {}, SEED).inputs == {"create": "true"}


def test_a_property_that_is_not_simulated_is_refused_and_not_ignored() -> None:
    assert texts(rescue="linux64") == ["rescue: is not simulated by the embedded cloud"]


def test_rules_see_what_is_wrong_as_unknown_and_the_rest_as_it_is() -> None:
    usable = checked(size="big", labels={"a": "b"}).usable
    assert usable["size"] is UNKNOWN
    assert usable["labels"] == {"a": "b"}


def name_of(olds: dict[str, Any] | None = None, naming: Naming = SEED) -> tuple[str, list[str]]:
    found = check_inputs(TABLE, {"size": 1}, olds or {}, naming)
    return found.inputs["name"], [str(problem) for problem in found.problems]


def test_a_missing_name_is_made_from_the_resource_and_stays_the_same() -> None:
    name, problems = name_of()
    assert not problems
    assert name.startswith("web-")
    assert len(name) == len("web-") + 7
    assert name_of()[0] == name
    assert name_of({"name": "web-0000000", "__defaults": ["name"]})[0] == "web-0000000"


def test_a_name_that_was_given_once_is_not_kept_when_it_is_given_no_more() -> None:
    assert name_of({"name": "mine", "__defaults": []})[0] != "mine"


def test_the_engines_settings_for_names_are_followed() -> None:
    assert name_of(naming=Naming("web", b"", "exactly", "enforce"))[0] == "exactly"
    assert name_of(naming=Naming("web", b"", "proposed", "propose"))[0].startswith("proposed-")
    assert name_of(naming=Naming("web", b"", "", "disable"))[1] == [
        "name: is missing, and automatic names are switched off"
    ]


def test_inputs_of_a_server_as_programs_write_them_pass() -> None:
    table = provider("hcloud").package.schemas["hcloud:index/server:Server"]
    inputs = {"serverType": "cx53", "image": "debian-12", "sshKeys": [UNKNOWN], "publicNets": [{"ipv4": "70000001"}]}
    found = check_inputs(table, inputs, {}, SEED)
    assert not found.problems
    assert found.inputs["publicNets"] == [{"ipv4": 70000001}]
