"""Defines criteria about the machine's complete system that need no machine."""

import json

from fediversity.assessment.context import MACHINE, SYSTEM, VALIDATION, AssessmentContext
from fediversity.assessment.criterion import Criterion
from fediversity.assessment.nix import NixError, eval_command
from fediversity.assessment.results import How, Outcome, failed, not_checked, pass_or_fail, passed

_TOPLEVEL = f"{SYSTEM}.config.system.build.toplevel"
_FAILING = "assertions: map (a: a.message) (builtins.filter (a: !a.assertion) assertions)"
_DISK = """config: {
  root = config.disko.devices.disk.main.content.partitions.root.content.type;
  key = config.disko.devices.disk.main.content.partitions.root.content.passwordFile or null;
  unlock = { inherit (config.boot.initrd.network.ssh) enable port hostKeys; };
  sshd = config.services.openssh.ports;
}"""
_MISSPELT = "serchDomains"


def _assertions(context: AssessmentContext) -> Outcome:
    with context.copy_with_vars() as flake:
        failing = context.value(f"{SYSTEM}.config.assertions", _FAILING, flake=flake)
        count = context.value(f"{SYSTEM}.config.assertions", "builtins.length", flake=flake)
    return pass_or_fail(not failing, "; ".join(failing) or f"{count} assertions hold, none fails{_stub(context)}")


def _whole(context: AssessmentContext) -> Outcome:
    # Encrypted vars add a program of sops-nix, for which nixpkgs must be complete.
    with context.copy_with_vars(secrets=context.whole_nixpkgs) as flake:
        path = context.value(f"{_TOPLEVEL}.outPath", flake=flake)
    name = path.rpartition("/")[2].partition("-")[2]
    return pass_or_fail(
        MACHINE in path, f"{name}, with made-up {'' if context.whole_nixpkgs else 'public '}vars{_stub(context)}"
    )


def _stub(context: AssessmentContext) -> str:
    return "" if context.whole_nixpkgs else "; nixpkgs is only its library and a stub here"


def _encryption(context: AssessmentContext) -> Outcome:
    with context.copy_with_vars() as flake:
        disk = context.value(f"{SYSTEM}.config", _DISK, flake=flake)
    unlock = disk["unlock"]
    holds = (
        disk["root"] == "luks"
        and str(disk["key"]).startswith("/run/partitioning-secrets/")
        and unlock["enable"]
        and unlock["port"] not in disk["sshd"]
        and len(unlock["hostKeys"]) == 1
    )
    return pass_or_fail(
        holds,
        f"root: {disk['root']}, key {disk['key']}; initrd SSH on port {unlock['port']} with a host key of its own",
    )


def _mistakes(context: AssessmentContext) -> Outcome:
    with context.copy() as flake:
        file = flake / "fleet.json"
        fleet = json.loads(file.read_text())
        certificate = fleet["instances"]["sshd"]["roles"]["server"]["settings"]["certificate"]
        certificate[_MISSPELT] = certificate.pop("searchDomains")
        file.write_text(json.dumps(fleet))
        try:
            context.value(f"{SYSTEM}.config.clan.core.vars.generators.openssh-cert.script", flake=flake)
        except NixError as error:
            return pass_or_fail(_MISSPELT in str(error), str(error))
    return failed(f"the setting certificate.{_MISSPELT} went through")


def _planned(context: AssessmentContext) -> Outcome:
    line = f'nix build --dry-run "path:$PWD/{VALIDATION}#{_TOPLEVEL}"'
    if not context.whole_nixpkgs:
        return not_checked("nixpkgs is only its library and a stub here, so there is nothing to build", line)
    with context.copy_with_vars() as flake:
        planned = context.plan(flake, _TOPLEVEL)
    counts = [line.strip().rstrip(":") for line in planned.splitlines() if line.startswith("these ")]
    return passed(f"{'; '.join(counts) or 'nothing is left to build'}; with made-up vars", line)


CRITERIA = (
    Criterion(
        "assertions",
        "system",
        "no assertion of the system fails",
        How.EVALUATED,
        _assertions,
        VALIDATION,
        eval_command(VALIDATION, f"{SYSTEM}.config.assertions", _FAILING),
    ),
    Criterion(
        "whole",
        "system",
        "the whole system evaluates",
        How.EVALUATED,
        _whole,
        VALIDATION,
        eval_command(VALIDATION, f"{_TOPLEVEL}.drvPath"),
    ),
    Criterion(
        "mistakes",
        "system",
        "a misspelt setting is an error before anything is changed",
        How.EVALUATED,
        _mistakes,
        VALIDATION,
    ),
    Criterion(
        "encryption",
        "system",
        "root is encrypted, and unlocked over SSH in the initrd",
        How.EVALUATED,
        _encryption,
        VALIDATION,
    ),
    Criterion("build-plan", "system", "the build of the system can be planned", How.PLANNED, _planned, VALIDATION),
)
