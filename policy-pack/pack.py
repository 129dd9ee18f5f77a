"""The rules as Pulumi policies. Decides nothing: it turns what Pulumi sends into what rules look at."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import (
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from fediversity.fleet.yaml_reader import read_yaml
from fediversity.planning.stacks import open_stack
from fediversity.policy.monthly_cost import stack_of
from fediversity.policy.resources import UNSEEN, DeclaredResource, Rule, Stack, StackRule, Violation
from fediversity.policy.rules import RULES, STACK_RULES, problem

Told = Callable[[Violation], str]
"""A violation in words."""


def policies(root: Path, name: str) -> list[Policy]:
    """All rules for a stack of the project in that folder. Raises SettingsError or FleetError if it cannot be read."""
    project, fleet = open_stack(name, root)
    settings = project.settings
    lines = read_yaml(project.fleet_file.read_text(encoding="utf-8"), settings.fleet_file).lines
    stack = stack_of(settings, fleet)

    def told(violation: Violation) -> str:
        return str(problem(violation, stack, lines))

    by_resource: list[Policy] = [_of_resources(rule, stack, told) for rule in RULES]
    return by_resource + [_of_the_stack(rule, stack, told) for rule in STACK_RULES]


def _of_resources(rule: Rule, stack: Stack, told: Told) -> Policy:
    def validate(arguments: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = declared(arguments)
        for breach in rule.check(resource, stack):
            report(told(Violation(rule.name, breach, resource.label)), None)

    return ResourceValidationPolicy(rule.name, rule.about, validate)


def _of_the_stack(rule: StackRule, stack: Stack, told: Told) -> Policy:
    def validate(arguments: StackValidationArgs, report: ReportViolation) -> None:
        del arguments
        for breach in rule.check(stack):
            report(told(Violation(rule.name, breach)), None)

    return StackValidationPolicy(rule.name, rule.about, validate)


def declared(arguments: ResourceValidationArgs) -> DeclaredResource:
    """A resource as rules look at it."""
    provider = arguments.provider.name if arguments.provider is not None else ""
    return DeclaredResource(
        type=arguments.resource_type,
        name=arguments.name,
        inputs=plain(arguments.props),
        parent=arguments.opts.parent or "",
        protect=arguments.opts.protect,
        # Pulumi's own providers are called `default` and their version.
        provider=None if provider.startswith("default") else provider,
        urn=arguments.urn,
    )


def plain(value: Any) -> Any:
    """The value with what is not known yet as UNSEEN, instead of raising an error when it is touched."""
    if isinstance(value, Mapping):
        return {name: _item(value, name) for name in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_item(value, index) for index in range(len(value))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(value: Any, key: Any) -> Any:
    try:
        return plain(value[key])
    except UnknownValueError:
        return UNSEEN
