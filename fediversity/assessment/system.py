"""Defines criteria about the machine's complete system that need no machine."""

import json

from fediversity.assessment.bench import MACHINE, SYSTEM, VALIDATION, Bench
from fediversity.assessment.criterion import Criterion
from fediversity.assessment.nix import NixError, typed
from fediversity.assessment.results import How, Outcome, failed, judged, not_checked, passed

_TOPLEVEL = f"{SYSTEM}.config.system.build.toplevel"
_FAILING = "assertions: map (a: a.message) (builtins.filter (a: !a.assertion) assertions)"
_DISK = """config: {
  root = config.disko.devices.disk.main.content.partitions.root.content.type;
  key = config.disko.devices.disk.main.content.partitions.root.content.passwordFile or null;
  unlock = { inherit (config.boot.initrd.network.ssh) enable port hostKeys; };
  sshd = config.services.openssh.ports;
}"""
_MISSPELT = "serchDomains"


def _assertions(bench: Bench) -> Outcome:
    with bench.rehearsal() as flake:
        failing = bench.value(f"{SYSTEM}.config.assertions", _FAILING, flake=flake)
        count = bench.value(f"{SYSTEM}.config.assertions", "builtins.length", flake=flake)
    return judged(not failing, "; ".join(failing) or f"{count} assertions hold, none fails{_stub(bench)}")


def _whole(bench: Bench) -> Outcome:
    # Encrypted vars add a program of sops-nix, for which nixpkgs must be complete.
    with bench.rehearsal(secrets=bench.whole_nixpkgs) as flake:
        path = bench.value(f"{_TOPLEVEL}.outPath", flake=flake)
    name = path.rpartition("/")[2].partition("-")[2]
    return judged(MACHINE in path, f"{name}, with made-up {'' if bench.whole_nixpkgs else 'public '}vars{_stub(bench)}")


def _stub(bench: Bench) -> str:
    return "" if bench.whole_nixpkgs else "; nixpkgs is only its library and a stub here"


def _encryption(bench: Bench) -> Outcome:
    with bench.rehearsal() as flake:
        disk = bench.value(f"{SYSTEM}.config", _DISK, flake=flake)
    unlock = disk["unlock"]
    holds = (
        disk["root"] == "luks"
        and str(disk["key"]).startswith("/run/partitioning-secrets/")
        and unlock["enable"]
        and unlock["port"] not in disk["sshd"]
        and len(unlock["hostKeys"]) == 1
    )
    return judged(
        holds,
        f"root: {disk['root']}, key {disk['key']}; initrd SSH on port {unlock['port']} with a host key of its own",
    )


def _mistakes(bench: Bench) -> Outcome:
    with bench.copy() as flake:
        file = flake / "fleet.json"
        fleet = json.loads(file.read_text())
        certificate = fleet["instances"]["sshd"]["roles"]["server"]["settings"]["certificate"]
        certificate[_MISSPELT] = certificate.pop("searchDomains")
        file.write_text(json.dumps(fleet))
        try:
            bench.value(f"{SYSTEM}.config.clan.core.vars.generators.openssh-cert.script", flake=flake)
        except NixError as error:
            return judged(_MISSPELT in str(error), str(error))
    return failed(f"the setting certificate.{_MISSPELT} went through")


def _planned(bench: Bench) -> Outcome:
    line = f'nix build --dry-run "path:$PWD/{VALIDATION}#{_TOPLEVEL}"'
    if not bench.whole_nixpkgs:
        return not_checked("nixpkgs is only its library and a stub here, so there is nothing to build", line)
    with bench.rehearsal() as flake:
        planned = bench.plan(flake, _TOPLEVEL)
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
        typed(VALIDATION, f"{SYSTEM}.config.assertions", _FAILING),
    ),
    Criterion(
        "whole",
        "system",
        "the whole system evaluates",
        How.EVALUATED,
        _whole,
        VALIDATION,
        typed(VALIDATION, f"{_TOPLEVEL}.drvPath"),
    ),
    Criterion(
        "mistakes",
        "system",
        "a misspelt setting is an error before anything is touched",
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
