"""The JSON Schemas of fleet files, for editors, and of deployment requests, for whoever writes those.

They are made from the models, so they know what those know of each single field; whether the parts fit together is
checked only when a fleet file is loaded.
"""

import json
from collections.abc import Iterator
from typing import Any

from fediversity.fleet.deployments import DeploymentRequest
from fediversity.fleet.model import Fleet
from fediversity.fleet.services import SERVICES, SETTINGS, Service

SCHEMA_FILE = "fleet.schema.json"
"""The file's name, beside the fleet files."""

REQUEST_SCHEMA_FILE = "deployment.schema.json"
"""The file's name, in the flake: the options of its machines have the same names, types and defaults."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema as plain data (JSON Schema 2020-12)."""
    described = Fleet.model_json_schema(by_alias=False)
    for group in _groups(described):
        _name_keys(group)
        # Fields have their own names in the file, but for the one that is no name in Python.
        if "import_" in group.get("properties", {}):
            group["properties"] = {key.removesuffix("_"): known for key, known in group["properties"].items()}
    described["$defs"]["Instance"]["allOf"] = [_service(name, service) for name, service in SERVICES.items()]
    return {
        "$schema": _DIALECT,
        **described,
        "title": "Fleet file of Fediversity",
    }


def schema_text() -> str:
    """The exact content of `stacks/fleet.schema.json`, with a final newline."""
    return _text(schema())


def request_schema() -> dict[str, Any]:
    """The schema of one deployment request in its JSON form, as plain data (JSON Schema 2020-12)."""
    described = DeploymentRequest.model_json_schema(by_alias=True)
    return {"$schema": _DIALECT, **described, "title": "Deployment request of Fediversity"}


def request_schema_text() -> str:
    """The exact content of `nix/deployment.schema.json`, with a final newline."""
    return _text(request_schema())


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _groups(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for inner in part.values():
            yield from _groups(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _groups(inner)


def _name_keys(group: dict[str, Any]) -> None:
    # Pydantic describes named entries by a pattern of keys, which lets any other key pass.
    if isinstance(group.get("patternProperties"), dict):
        ((pattern, entry),) = group.pop("patternProperties").items()
        group["propertyNames"] = {**group.get("propertyNames", {}), "pattern": pattern}
        group["additionalProperties"] = entry


def _service(name: str, service: Service) -> dict[str, Any]:
    """Which roles an instance of this service has, and which settings those take."""
    roles: dict[str, Any] = {"propertyNames": {"enum": sorted(service.roles)}}
    known = {role: SETTINGS.get((name, role)) for role in sorted(service.roles)}
    settings = {role: {"propertyNames": {"enum": sorted(keys)}} for role, keys in known.items() if keys is not None}
    if settings:
        roles["properties"] = {role: {"properties": {"settings": keys}} for role, keys in settings.items()}
    return {
        "if": {"properties": {"module": {"const": name}}, "required": ["module"]},
        "then": {"properties": {"roles": roles}},
    }
