"""The JSON Schemas of fleet files, for editors, and of deployment requests, for people and programs that write those.

They are made from the models, so they know what those know of each single field; whether the parts fit together is
checked only when a fleet file is loaded.
"""

import ast
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterator
from typing import Any, cast, get_args

from fediversity.fleet.base import Model
from fediversity.fleet.deployments import Application, DeploymentRequest
from fediversity.fleet.model import Fleet
from fediversity.fleet.services import SERVICES, SETTINGS, Service

SCHEMA_FILE = "fleet.schema.json"
"""The file's name, beside the fleet files."""

REQUEST_SCHEMA_FILE = "deployment.schema.json"
"""The file's name, in the flake: the options of its machines have the same names, types and defaults."""

APPLICATIONS_FILE = "lib/fleet/applications.nix"
"""The file's path in the flake: the names of the applications, as a list."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Returns the schema as plain data (JSON Schema 2020-12)."""
    described = Fleet.model_json_schema(by_alias=False)
    _describe(described, Fleet)
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
    """Returns the exact content of `stacks/fleet.schema.json`, with a final newline."""
    return _text(schema())


def request_schema() -> dict[str, Any]:
    """Returns the schema of one deployment request in its JSON form, as plain data (JSON Schema 2020-12)."""
    described = DeploymentRequest.model_json_schema(by_alias=True)
    _describe(described, DeploymentRequest)
    return {"$schema": _DIALECT, **described, "title": "Deployment request of Fediversity"}


def request_schema_text() -> str:
    """Returns the exact content of `nix/deployment.schema.json`, with a final newline."""
    return _text(request_schema())


def applications_text() -> str:
    """Returns the exact content of `nix/lib/fleet/applications.nix`, with a final newline, as nixfmt formats it."""
    known = "".join(f'  "{name}"\n' for name in sorted(get_args(Application)))
    about = "# The applications that can be deployed. Written by `fediversity schema`; never edited by hand."
    return f"{about}\n[\n{known}]\n"


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _describe(schema: dict[str, Any], top: type[Model]) -> None:
    """Has each key described by what stands below its field in the source.

    Pydantic can do that itself, whenever a model is loaded: a tenth of what loading all of them takes.
    """
    models = {model.__name__: model for model in _models_below(Model)}
    for name, group in {top.__name__: schema, **schema.get("$defs", {})}.items():
        said = _said_of_fields(models[name]) if name in models else {}
        keys = {field.alias or key: key for key, field in models[name].model_fields.items()} if name in models else {}
        for key, described in group.get("properties", {}).items():
            if (text := said.get(keys.get(key, key)) or said.get(key)) is not None:
                described["description"] = text


def _models_below(model: type[Model]) -> Iterator[type[Model]]:
    yield model
    for below in model.__subclasses__():
        yield from _models_below(below)


def _said_of_fields(model: type[Model]) -> dict[str, str]:
    """Returns the text below each field of a model, those of its bases included."""
    said: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if not issubclass(part, Model):
            continue
        body = cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(part))).body[0]).body
        for field, text in itertools.pairwise(body):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(found))):
                    said[name] = inspect.cleandoc(found)
    return said


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
    """Returns which roles an instance of this service has, and which settings those take."""
    roles: dict[str, Any] = {"propertyNames": {"enum": sorted(service.roles)}}
    known = {role: SETTINGS.get((name, role)) for role in sorted(service.roles)}
    settings = {role: {"propertyNames": {"enum": sorted(keys)}} for role, keys in known.items() if keys is not None}
    if settings:
        roles["properties"] = {role: {"properties": {"settings": keys}} for role, keys in settings.items()}
    return {
        "if": {"properties": {"module": {"const": name}}, "required": ["module"]},
        "then": {"properties": {"roles": roles}},
    }
