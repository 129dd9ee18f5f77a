"""Defines criteria about clan: its inventory, the services that the fleet uses, and its vars."""

import json
from pathlib import Path
from typing import Any

from fediversity.assessment.context import FLEET, MACHINE, SYSTEM, VALIDATION, AssessmentContext
from fediversity.assessment.criterion import Criterion
from fediversity.assessment.nix import eval_command
from fediversity.assessment.results import How, Outcome, failed, pass_or_fail
from fediversity.assessment.structure import SETTINGS

_INVENTORY = "clan.clanInternals.inventoryClass.inventorySerialization"
_CLASSES = "builtins.mapAttrs (_: machine: machine.machineClass)"
_GENERATORS = f"{SYSTEM}.config.clan.core.vars.generators"
_PROMPTS = "builtins.mapAttrs (_: generator: builtins.attrNames generator.prompts)"
_SECRET = "validation.files.secret"  # noqa: S105 (the name of an option)
_DEPLOYED = f"/run/secrets/vars/per-machine/{MACHINE}/validation/secret"


def _fleet(flake: Path) -> Any:
    return json.loads((flake / "fleet.json").read_text())


def _roles(context: AssessmentContext, service: str) -> dict[str, list[tuple[str, Any]]]:
    """Returns for each role of a service's instances the machines that hold it, with their settings."""
    roles: dict[str, list[tuple[str, Any]]] = {}
    instances = _fleet(context.flake)["instances"]
    for held in context.value("clan._services.allServices", SETTINGS):
        if instances[held["instance"]]["module"] == service:
            roles.setdefault(held["role"], []).append((held["machine"], held["settings"]))
    return roles


def _inventory(context: AssessmentContext) -> Outcome:
    machines = context.value(f"{_INVENTORY}.machines")
    keys = ("machineClass", "tags", "description")
    expected = _fleet(context.flake)["machines"]
    same = {name: {key: machine[key] for key in keys} for name, machine in machines.items()} == {
        name: {key: machine[key] for key in keys} for name, machine in expected.items()
    }
    listed = "; ".join(f"{name}: {m['machineClass']}, tags {', '.join(m['tags'])}" for name, m in machines.items())
    return pass_or_fail(
        same and list(machines) == [MACHINE], listed, eval_command(VALIDATION, f"{_INVENTORY}.machines")
    )


def _classes(context: AssessmentContext) -> Outcome:
    flake = context.project / FLEET
    classes = context.value(f"{_INVENTORY}.machines", _CLASSES, flake=flake)
    systems = {
        kind: set(context.value(f"{kind}Configurations", "builtins.attrNames", flake=flake))
        for kind in ("nixos", "darwin")
    }
    by_class = {kind: {name for name, machine_class in classes.items() if machine_class == kind} for kind in systems}
    listed = "; ".join(f"{kind}: {', '.join(sorted(names))}" for kind, names in by_class.items())
    return pass_or_fail(
        systems == by_class and all(by_class.values()), listed, eval_command(FLEET, f"{_INVENTORY}.machines", _CLASSES)
    )


def _emergency(context: AssessmentContext) -> Outcome:
    holders = [machine for machine, _ in _roles(context, "emergency-access").get("default", [])]
    if holders != [MACHINE]:
        return failed(f"role default: {', '.join(holders) or 'no machine'}")
    with context.copy_with_vars() as flake:
        access = context.value(f"{SYSTEM}.config.boot.initrd.systemd.emergencyAccess", flake=flake)
    # The placeholder must reach the initrd, where a root file system that does not mount is repaired.
    location = "stands in the initrd" if access == "made-up" else "is not in the initrd"
    return pass_or_fail(
        access == "made-up", f"role default: {', '.join(holders)}; the hash of the generated password {location}"
    )


def _sshd(context: AssessmentContext) -> Outcome:
    roles = _roles(context, "sshd")
    certificate = dict(roles.get("server", [])).get(MACHINE, {}).get("certificate", {})
    with context.copy_with_vars() as flake:
        depends = context.value(f"{_GENERATORS}.openssh-cert.dependencies", flake=flake)
        authority = context.value(f"{SYSTEM}.config.programs.ssh.knownHosts.ssh-ca", flake=flake)
    names = sorted(set(authority["extraHostNames"]))
    domains = certificate.get("searchDomains", [])
    holds = bool(
        set(roles) == {"server", "client"}
        and certificate.get("enable")
        and domains
        and {"openssh", "openssh-ca"} <= set(depends)
        and authority["certAuthority"]
        and {f"*.{domain}" for domain in domains} <= set(names)
    )
    return pass_or_fail(
        holds,
        f"search domains {', '.join(domains)}; certified by openssh-ca, which is trusted for {', '.join(names)}",
    )


def _zerotier(context: AssessmentContext) -> Outcome:
    roles = {role: [machine for machine, _ in held] for role, held in _roles(context, "zerotier").items()}
    with context.copy_with_vars() as flake:
        service = context.value(
            f"{SYSTEM}.config.services.zerotierone", "zt: { inherit (zt) enable joinNetworks; }", flake=flake
        )
    controllers = roles.get("controller", [])
    # The placeholder is in the place of the real network id.
    holds = (
        len(controllers) == 1 and bool(roles.get("peer")) and service == {"enable": True, "joinNetworks": ["made-up"]}
    )
    listed = ", ".join(f"{role}: {', '.join(machines)}" for role, machines in sorted(roles.items()))
    return pass_or_fail(holds, f"{listed}; zerotierone joins the generated network")


def _unattended(context: AssessmentContext) -> Outcome:
    prompts = context.value(_GENERATORS, _PROMPTS)
    asking = {name: names for name, names in prompts.items() if names}
    evidence = f"{len(prompts)} generators, {len(asking)} of them ask" + (f": {', '.join(asking)}" if asking else "")
    return pass_or_fail(not asking, evidence, eval_command(VALIDATION, _GENERATORS, _PROMPTS))


def _generator(context: AssessmentContext) -> Outcome:
    apply = "builtins.mapAttrs (_: file: { inherit (file) secret deploy neededFor; })"
    files = context.value(f"{_GENERATORS}.validation.files", apply)
    secret, checksum = files.get("secret", {}), files.get("checksum", {})
    holds = bool(secret.get("secret") and secret.get("deploy") and checksum and not checksum["secret"])
    return pass_or_fail(
        holds,
        "; ".join(map(_described, files.items())),
        eval_command(VALIDATION, f"{_GENERATORS}.validation.files", apply),
    )


def _described(file: tuple[str, Any]) -> str:
    name, options = file
    kind = "secret" if options["secret"] else "public"
    return f"{name}: {kind}, {'deployed' if options['deploy'] else 'not deployed'}, needed for {options['neededFor']}"


def _deployed(context: AssessmentContext) -> Outcome:
    with context.copy_with_vars() as flake:
        path = context.value(f"{_GENERATORS}.{_SECRET}.path", flake=flake)
    return pass_or_fail(
        path == _DEPLOYED,
        f"{path} (with a made-up value in vars/; before the first generation clan says /no-such-path)",
    )


CRITERIA = (
    Criterion(
        "inventory",
        "inventory",
        "the inventory contains the machine as defined in its fleet file",
        How.EVALUATED,
        _inventory,
        VALIDATION,
    ),
    Criterion(
        "classes",
        "inventory",
        "NixOS servers and Macs are in one inventory, each with a configuration",
        How.EVALUATED,
        _classes,
        FLEET,
    ),
    Criterion(
        "emergency-access",
        "services",
        "a generated recovery password reaches the initrd",
        How.EVALUATED,
        _emergency,
        VALIDATION,
    ),
    Criterion(
        "sshd", "services", "host keys get certificates for the search domains", How.EVALUATED, _sshd, VALIDATION
    ),
    Criterion(
        "zerotier",
        "services",
        "there is one controller, and zerotierone joins its network",
        How.EVALUATED,
        _zerotier,
        VALIDATION,
    ),
    Criterion("unattended", "vars", "no generator prompts for input", How.EVALUATED, _unattended, VALIDATION),
    Criterion(
        "generator",
        "vars",
        "our own generator creates a deployed secret and a public value",
        How.EVALUATED,
        _generator,
        VALIDATION,
    ),
    Criterion(
        "deploy-path", "vars", "its secret is deployed below /run/secrets/vars/", How.EVALUATED, _deployed, VALIDATION
    ),
)
