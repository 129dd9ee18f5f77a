"""Turns what pydantic says about a fleet file into findings a person can act on."""

import difflib
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from fediversity.fleet.diagnostics import Finding, Location, choose

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
_BOUNDS = {"greater_than_equal": ("small", "ge", "more"), "less_than_equal": ("large", "le", "less")}
_LONGEST_SHOWN = 60


def explain_all(errors: Sequence[ErrorDetails], data: Any, model: type[BaseModel]) -> list[Finding]:
    """Returns all of pydantic's errors as findings, one a cause: a misspelt key is not reported as missing as well.

    `data` is what was validated against `model`.
    """
    unknown: dict[Location, list[str]] = {}
    for error in errors:
        if error["type"] == "extra_forbidden":
            *parent, key = _written_location(error["loc"], data)
            unknown.setdefault(tuple(parent), []).append(str(key))
    findings = []
    for error in errors:
        where = _written_location(error["loc"], data)
        if error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]:
            continue  # items were listed, and what is wrong with them has been said
        misspelt = difflib.get_close_matches(str(where[-1]), unknown.get(where[:-1], ()), n=1) if where else []
        if error["type"] != "missing" or not misspelt:
            findings.append(_explain(error, where, data, model))
    return findings


def _explain(error: ErrorDetails, where: Location, data: Any, model: type[BaseModel]) -> Finding:
    kind = error["type"]
    context = error.get("ctx", {})
    found = error["input"]
    if kind == "fleet":
        return Finding((*where, *context["inside"]), context["what"], context["fix"])
    if kind == "extra_forbidden":
        known = fields_at(model, where[:-1], data)
        return Finding(where, f"unknown key '{where[-1]}'", choose(str(where[-1]), known, most=20))
    if kind == "missing":
        return Finding(where, f"'{where[-1]}' is missing", f"add `{where[-1]}:` here")
    if kind in _EXPECTED:
        return Finding(where, f"expected {_EXPECTED[kind]}, found {shown(found)}", _type_fix(kind, found))
    if kind == "literal_error":
        choices = [text.strip("'") for text in context["expected"].replace(" or ", ", ").split(", ")]
        what = "no value is given" if found is None else f"{shown(found)} is not allowed here"
        return Finding(where, what, choose(str(found), choices))
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        choices = _kinds(_annotation_at(model, where))
        if not isinstance(found, Mapping) or "kind" not in found:
            return Finding(where, "`kind` is missing", f"add `kind:`; {choose('', choices)}")
        return Finding((*where, "kind"), f"unknown kind {shown(found['kind'])}", choose(str(found["kind"]), choices))
    if kind == "too_short":
        return Finding(where, "nothing is listed", f"list at least {context['min_length']}")
    if kind in _BOUNDS:
        size, limit, way = _BOUNDS[kind]
        return Finding(where, f"{shown(found)} is too {size}", f"use {context[limit]} or {way}")
    return Finding(where, f"{shown(found)}: {error['msg'].lower()}", "correct the value as the message says")


def shown(value: Any) -> str:
    """Returns a value as it is named in a message: its kind and its start, never a whole secret or document."""
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
        return f"write it as a list: [{shown(found)}]"
    if kind == "string_type" and isinstance(found, int | float):
        return f"put it in quotes: '{shown(found)}'"
    if kind == "int_type" and isinstance(found, str) and found.isdecimal():
        return f"write it without quotes: {shown(found)[1:-1]}"
    if kind == "bool_type":
        return "write true or false, without quotes"
    if found is None:
        return "write a value, or remove the key"
    return f"write {_EXPECTED[kind]}"


def _written_location(loc: tuple[int | str, ...], data: Any) -> Location:
    """Returns the location without the names pydantic adds for unions and keys."""
    where: list[str | int] = []
    here = data
    for position, part in enumerate(loc):
        last = position == len(loc) - 1
        if _is_tag(here, part) and not last:
            continue
        if part != "[key]" or _holds(here, part):
            where.append(part)
        here = here[part] if _holds(here, part) else None
    return tuple(where)


def _holds(here: Any, part: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, Mapping) and part in here


def _is_tag(here: Any, part: int | str) -> bool:
    return isinstance(here, Mapping) and here.get("kind") == part


def fields_at(model: type[BaseModel], where: Location, data: Any) -> frozenset[str]:
    """Returns the keys that are known at a location of the file; empty if anything may stand there."""
    for part in where:
        data = data[part] if _holds(data, part) else None
    found = next(_models(_annotation_at(model, where), data), None)
    return frozenset(_keys(found)) if found else frozenset()


def _annotation_at(model: type[BaseModel], where: Location) -> Any:
    annotation: Any = model
    for part in where:
        annotation = _step(annotation, part)
    return annotation


def _kinds(annotation: Any) -> list[str]:
    return [kind for model in _models(annotation, None) for kind in get_args(model.model_fields["kind"].annotation)]


def _step(annotation: Any, part: str | int) -> Any:
    """Returns what is expected at a key or position inside something."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0]
    for candidate in _models(annotation, data=None):
        if (known := _keys(candidate).get(str(part))) is not None:
            return known.annotation
    return None


def _keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Returns the keys that a file may have for this model; `import` is no name for a field in Python."""
    by_name = model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")
    return {name if by_name else known.alias or name: known for name, known in model.model_fields.items()}


def _models(annotation: Any, data: Any) -> Iterator[type[BaseModel]]:
    """Yields the models an annotation may stand for; with `data`, the one its `kind` names first."""
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
