"""Turns what pydantic says about a fleet file into findings a person can act on."""

import types
from collections.abc import Iterator, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from fediversity.fleet.problems import Finding, Location, choose

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a group of `key: value` lines",
    "model_type": "a group of `key: value` lines",
    "model_attributes_type": "a group of `key: value` lines",
}
_LONGEST_SHOWN = 60


def explain(error: ErrorDetails, data: Any, model: type[BaseModel]) -> Finding:
    """One pydantic error as a finding, with the location as it is written in the file.

    `data` is what was validated against `model`.
    """
    where = _written_location(error["loc"], data)
    kind = error["type"]
    context = error.get("ctx", {})
    found = error["input"]
    if kind == "fleet":
        return Finding(where, context["what"], context["fix"])
    if kind == "extra_forbidden":
        known = fields_at(model, where[:-1], data)
        return Finding(where, f"unknown key '{where[-1]}'", choose(str(where[-1]), known, most=20))
    if kind == "missing":
        return Finding(where, f"'{where[-1]}' is missing", f"add `{where[-1]}:` here")
    if kind in _EXPECTED:
        return Finding(where, f"expected {_EXPECTED[kind]}, found {shown(found)}", _type_fix(kind, found))
    if kind == "literal_error":
        choices = [text.strip("'") for text in context["expected"].replace(" or ", ", ").split(", ")]
        return Finding(where, f"{shown(found)} is not allowed here", choose(str(found), choices))
    if kind == "union_tag_not_found":
        return Finding(where, "`kind` is missing", "add `kind:` with one of hetzner, gcp, existing, darwin")
    if kind == "union_tag_invalid":
        choices = [text.strip("'") for text in context["expected_tags"].split(", ")]
        return Finding((*where, "kind"), f"unknown kind '{context['tag']}'", choose(context["tag"], choices))
    if kind == "too_short":
        return Finding(where, "nothing is listed", f"list at least {context['min_length']}")
    if kind == "string_pattern_mismatch":
        return Finding(where, f"{shown(found)} has the wrong form", f"it must match {context['pattern']}")
    return Finding(where, f"{shown(found)}: {error['msg'].lower()}", "correct the value as the message says")


def shown(value: Any) -> str:
    """A value as it is named in a message: its kind and its start, never a whole secret or document."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a group of keys"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    short = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f"'{short}'" if isinstance(value, str) else short


def _type_fix(kind: str, found: Any) -> str:
    if kind == "tuple_type" and isinstance(found, str):
        return f"write it as a list: [{found}]"
    if kind == "string_type" and isinstance(found, int | float):
        return f"put it in quotes: '{found}'"
    if kind == "int_type" and isinstance(found, str) and found.isdecimal():
        return f"write it without quotes: {found}"
    if kind == "bool_type":
        return "write true or false, without quotes"
    if found is None:
        return "write a value, or remove the key"
    return f"write {_EXPECTED[kind]}"


def _written_location(loc: tuple[int | str, ...], data: Any) -> Location:
    """The location without the names pydantic adds for unions and keys."""
    where: list[str | int] = []
    here = data
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if _holds(here, part):
            here = here[part]
        elif part == "[key]" or not last or _is_tag(here, part):
            continue
        where.append(part)
    return tuple(where)


def _holds(here: Any, part: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, Mapping) and part in here


def _is_tag(here: Any, part: int | str) -> bool:
    return isinstance(here, Mapping) and here.get("kind") == part


def fields_at(model: type[BaseModel], where: Location, data: Any) -> frozenset[str]:
    """The keys that are known at a location of the file; empty if anything may stand there."""
    annotation: Any = model
    here = data
    for part in where:
        here = here[part] if _holds(here, part) else None
        annotation = _step(annotation, part, here)
    found = next(_models(annotation, data=here), None)
    return frozenset(found.model_fields) if found else frozenset()


def _step(annotation: Any, part: str | int, value: Any) -> Any:
    for candidate in _models(annotation, data=None):
        if isinstance(part, str) and part in candidate.model_fields:
            return candidate.model_fields[part].annotation
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    if get_origin(annotation) is tuple:
        return arguments[0]
    return None if value is None else annotation


def _models(annotation: Any, data: Any) -> Iterator[type[BaseModel]]:
    """The models an annotation may stand for; with `data`, the one its `kind` names first."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    if get_origin(annotation) not in {Union, types.UnionType}:
        return
    candidates = [model for argument in get_args(annotation) for model in _models(argument, data)]
    kind = data.get("kind") if isinstance(data, Mapping) else None
    candidates.sort(key=lambda candidate: not _has_kind(candidate, kind))
    yield from candidates


def _has_kind(model: type[BaseModel], kind: Any) -> bool:
    return "kind" in model.model_fields and kind in get_args(model.model_fields["kind"].annotation)
