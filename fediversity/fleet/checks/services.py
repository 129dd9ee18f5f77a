"""Service instances: their roles, who holds them, and what they are told."""

import re
from collections.abc import Iterator
from typing import Any

from fediversity.fleet.checks.common import repeated, unknown_machine, unknown_tag, used_tags
from fediversity.fleet.diagnostics import Finding, Location, choose
from fediversity.fleet.model import Fleet, Instance, RoleAssignment
from fediversity.fleet.services import SERVICES, SETTINGS, ZEROTIER

_SECRET_KEY = re.compile(r"(?i)(password|passphrase|secret|token|private_?key|api_?key)(?!.*(file|path)$)")


def roles(fleet: Fleet) -> Iterator[Finding]:
    """Checks that roles exist in their service, and are held by machines that exist, as many as the service wants."""
    for name, instance in fleet.instances.items():
        where: Location = ("instances", name, "roles")
        known = SERVICES[instance.module].roles
        for role_name, assignment in instance.roles.items():
            if role_name in known:
                yield from _members(fleet, instance, role_name, assignment, (*where, role_name))
            else:
                what = f"the service {instance.module} has no role '{role_name}'"
                yield Finding((*where, role_name), what, choose(role_name, known))
        yield from _counts(fleet, instance, where)


def _members(
    fleet: Fleet, instance: Instance, role_name: str, assignment: RoleAssignment, where: Location
) -> Iterator[Finding]:
    tags = used_tags(fleet)
    yield from repeated(assignment.machines, (*where, "machines"))
    yield from repeated(assignment.tags, (*where, "tags"))
    for index, machine in enumerate(assignment.machines):
        if machine not in fleet.machines:
            yield unknown_machine((*where, "machines", index), machine, fleet.machines)
    for index, tag in enumerate(assignment.tags):
        if tag not in tags:
            yield unknown_tag((*where, "tags", index), tag, tags)
    if not assignment.machines and not assignment.tags:
        fix = "list `machines:` or `tags:`, or remove the role"
        yield Finding(where, f"the role {role_name} is given to nobody", fix)
    if not SERVICES[instance.module].darwin:
        macs = [name for name in fleet.members(assignment) if fleet.machines[name].is_mac]
        if macs:
            what = f"{instance.module} has no darwin module and would do nothing on {', '.join(macs)}"
            yield Finding(where, what, _darwin_fix(instance.module))


def _darwin_fix(module: str) -> str:
    if module == ZEROTIER:
        return "give the role to NixOS machines only (tag nixos), and set `mesh:` on the Macs: the rollout joins them"
    return "give the role to NixOS machines only (tag nixos); a Mac gets the same from its own module in nix/"


def _counts(fleet: Fleet, instance: Instance, where: Location) -> Iterator[Finding]:
    for role_name, role in SERVICES[instance.module].roles.items():
        assignment = instance.roles.get(role_name)
        held = fleet.members(assignment) if assignment else ()
        # A role that is given to nobody, or to nobody who exists, is a finding of its own already.
        if len(held) < role.at_least and (assignment is None or _names_somebody(fleet, assignment)):
            what = f"{instance.module} needs a {role_name}, and no enabled machine has that role"
            yield Finding(where, what, f"give the role {role_name} to one machine", absent=("machines",))
        if role.at_most is not None and len(held) > role.at_most:
            what = f"{len(held)} machines have the role {role_name}: {', '.join(held)}"
            fix = f"{instance.module} allows {role.at_most}; name the machines that keep it under `machines:`"
            yield Finding((*where, role_name), what, fix)


def _names_somebody(fleet: Fleet, assignment: RoleAssignment) -> bool:
    return bool(set(assignment.machines) & set(fleet.machines) or set(assignment.tags) & used_tags(fleet))


def settings(fleet: Fleet) -> Iterator[Finding]:
    """Checks that settings are ones the role knows, can run without a person, and hold no secret."""
    for name, instance in fleet.instances.items():
        for role_name, assignment in instance.roles.items():
            where: Location = ("instances", name, "roles", role_name, "settings")
            known = SETTINGS.get((instance.module, role_name))
            for key, value in assignment.settings.items():
                secrets = tuple(_secrets(key, value, (*where, key)))
                yield from secrets
                if known is not None and key not in known and not secrets:
                    what = f"{instance.module} has no setting '{key}' for the role {role_name}"
                    yield Finding((*where, key), what, choose(key, known) if known else "remove it: there are none")
            if (instance.module, role_name) == ("users", "default"):
                yield from _user_settings(assignment, where)


def _user_settings(assignment: RoleAssignment, where: Location) -> Iterator[Finding]:
    user, prompt = assignment.settings.get("user"), assignment.settings.get("prompt", True)
    if not isinstance(user, str) or not user:
        yield Finding((*where, "user"), "users needs the name of the user", "set `user: NAME`, and `prompt: false`")
    elif prompt is not False:
        what = "users would ask for a password, and a rollout has nobody to answer"
        yield Finding((*where, "prompt"), what, "set `prompt: false`: clan generates the password")


def _secrets(key: str, value: Any, where: Location) -> Iterator[Finding]:
    if isinstance(value, dict):
        for inner_key, inner in value.items():
            yield from _secrets(inner_key, inner, (*where, inner_key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _secrets(key, inner, (*where, index))
    elif _SECRET_KEY.search(key) and value is not None and not isinstance(value, bool):
        fix = "remove it from the file and make it a clan var (`clan vars set`) or a sops secret"
        yield Finding(where, f"'{key}' looks like a secret in clear text", fix)
