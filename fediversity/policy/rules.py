"""All rules, and what checks a stack against them."""

from collections.abc import Iterable, Iterator, Mapping

from fediversity.fleet.diagnostics import LineMap, Problem, dotted
from fediversity.policy import access, limits, ports, protection
from fediversity.policy.resources import DeclaredResource, Rule, Stack, StackRule, Violation

RULES: tuple[Rule, ...] = (
    Rule("open-ports", "only what is allowed is open to the whole world", ports.open_ports),
    Rule("protection", "what holds data or an address is kept from being deleted", protection.protection),
    Rule("public-buckets", "no bucket is public, and nobody unnamed is let in", access.public_buckets),
    Rule("versioned-buckets", "buckets keep older versions", protection.versioned_buckets),
    Rule("labels", "everything says whose it is", limits.labels),
    Rule("places", "everything stands where it may", limits.places),
    Rule("types", "machines are of types that are allowed", limits.types),
    Rule("ssh-keys", "SSH keys are strong", access.ssh_keys),
    Rule("basic-roles", "nobody has a role over a whole project", access.basic_roles),
    Rule("secrets-in-clear", "no private key can be read by everybody", access.secrets_in_clear),
    Rule("explicit-providers", "every resource names its provider", limits.explicit_providers),
)
STACK_RULES: tuple[StackRule, ...] = (
    StackRule("encrypted-disks", "disks in a cloud are encrypted", protection.encrypted_disks),
    StackRule("budget", "a month costs no more than the budget", limits.budget),
)

ABOUT: Mapping[str, str] = {rule.name: rule.about for rule in RULES} | {rule.name: rule.about for rule in STACK_RULES}
"""What each rule is about, by its name."""


def violations(declared: Iterable[DeclaredResource], stack: Stack) -> Iterator[Violation]:
    """Yields everything that a stack breaks, resource by resource, then as a whole."""
    for resource in declared:
        for rule in RULES:
            for breach in rule.check(resource, stack):
                yield Violation(rule.name, breach, resource.label)
    for whole in STACK_RULES:
        for breach in whole.check(stack):
            yield Violation(whole.name, breach)


def problem(violation: Violation, stack: Stack, lines: LineMap) -> Problem:
    """Returns a violation as a person reads it: file, line, field, what is wrong with which resource, and the fix."""
    breach = violation.breach
    subject = f"{violation.resource} " if violation.resource else ""
    what = f"{subject}{breach.what} [{violation.rule}]"
    if breach.setting:
        return Problem(f"Pulumi.{stack.settings.stack}.yaml", 0, breach.setting, what, breach.fix)
    return Problem(lines.file, lines.line(breach.where), dotted(breach.where), what, breach.fix)
