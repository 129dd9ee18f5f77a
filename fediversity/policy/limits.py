"""Rules about limits of the fleet file (places, types, the month's cost), labels, and explicit providers."""

from collections.abc import Iterator, Mapping
from typing import Any

from fediversity.fleet.providers.resource_types import package_of
from fediversity.policy.resources import UNSEEN, Breach, DeclaredResource, Stack


def labels(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Checks that what takes labels has those of its fleet and environment, and of its machine."""
    found = declared.inputs.get("labels") or {}
    if not declared.facts.labelled or found is UNSEEN:
        return
    wanted = {"fleet": stack.fleet.name, "environment": stack.settings.stack}
    wanted |= {"machine": declared.machine} if declared.machine else {}
    wrong = [f"{name}={value}" for name, value in wanted.items() if found.get(name) not in (value, UNSEEN)]
    if wrong:
        yield Breach(f"does not carry the labels {', '.join(wrong)}", "declare it with them", declared.where)


def places(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Checks that nothing stands outside the places that the fleet file allows."""
    if stack.policy.places is None:
        return
    allowed = {place.lower() for place in stack.policy.places}
    for name in package_of(declared.type).places:
        found = declared.inputs.get(name)
        if isinstance(found, str) and not {found.lower(), found.lower().rpartition("-")[0]} & allowed:
            fix = f"move it to one of {', '.join(sorted(allowed))}, or allow the place under `policy.places`"
            yield Breach(f"stands in {found.lower()}, which is not allowed", fix, _where(declared, name))


def types(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Checks that no machine is of another type, and has another GPU, than the fleet file allows."""
    if stack.policy.types is None:
        return
    for name, found in _sizes(declared):
        if found not in stack.policy.types:
            fix = f"use one of {', '.join(sorted(stack.policy.types))}, or allow it under `policy.types`"
            yield Breach(f"is of type {found}, which is not allowed", fix, _where(declared, name))


def _sizes(declared: DeclaredResource) -> Iterator[tuple[str, str]]:
    """Yields the types that a resource and its GPUs are of, each with the property that says so."""
    facts = declared.facts
    if isinstance(found := declared.inputs.get(facts.size), str):
        yield facts.size, found.rpartition("/")[2]
    gpus: Any = declared.inputs.get(facts.accelerators)
    for gpu in gpus if isinstance(gpus, list) else ():
        if isinstance(gpu, Mapping) and isinstance(found := gpu.get("type"), str):
            yield facts.accelerators, found.rpartition("/")[2]


def _where(declared: DeclaredResource, name: str) -> tuple[str | int, ...]:
    """Returns the place in the fleet file that a property comes from."""
    package = package_of(declared.type)
    field = {**package.places, **package.sizes}.get(name)
    if not declared.where or field is None:
        return declared.where
    return (*declared.where, "provider", field) if declared.machine else (*declared.where, field)


def budget(stack: Stack) -> Iterator[Breach]:
    """Checks that the estimate of a month stays within the budget of the fleet file."""
    bound = stack.policy.budget
    if bound is not None and stack.monthly is not None and stack.monthly > bound.monthly:
        what = f"a month would cost {stack.monthly:.2f} {bound.currency}, and the budget is {bound.monthly}"
        yield Breach(what, "switch something off, take a smaller type, or raise the budget", ("policy", "budget"))


def explicit_providers(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Checks that every resource names its provider: no account is asked that the stack's settings do not name."""
    del stack
    if declared.provider is None and not declared.type.startswith(("pulumi:", "fediversity:")):
        yield Breach("is left to a default provider", "declare it with one of `Providers`", declared.where)
