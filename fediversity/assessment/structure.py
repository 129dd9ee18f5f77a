"""Defines criteria about the flake's files and their structure (the dendritic pattern)."""

import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

from fediversity.assessment.context import SYSTEM, VALIDATION, AssessmentContext, write_placeholder
from fediversity.assessment.criterion import Criterion, nix_files
from fediversity.assessment.results import How, Outcome, failed, not_checked, pass_or_fail, passed

PATTERNS = Path("docs/PATTERNS.md")
_PARTS = ("clan-core", "import-tree", "flake-parts")
_ALL_MODULES = re.compile(
    r"outputs = inputs: inputs\.flake-parts\.lib\.mkFlake \{ inherit inputs; \} \(inputs\.import-tree \./modules\);"
)
_CONTRIBUTES = re.compile(r"(?<![\w.])(flake|options|systems|imports|perSystem)\b[\w.\"/-]*\s*=")
_RELATIVE_PATH = re.compile(r"(?<![\w./\"])\.{1,2}/[\w./-]*")
_COMMENT = re.compile(r"(^|\s)#[^\n]*")
_NAMED_FILE = re.compile(r"`((?:nix|fediversity|stacks|docs|tests)/[\w./-]+)`")

_MEANING = """system: {
  etc = builtins.mapAttrs (_: file: file.text or null) system.config.environment.etc;
  inherit (system.config.services.openssh) ports;
  initrd = { inherit (system.config.boot.initrd.network.ssh) enable port hostKeys; };
  generators = builtins.mapAttrs (_: generator: {
    files = builtins.mapAttrs (_: file: { inherit (file) secret deploy neededFor; }) generator.files;
    inherit (generator) script share dependencies;
  }) system.config.clan.core.vars.generators;
  root = system.config.disko.devices.disk.main.content.partitions.root.content.type;
}"""
"""The parts of the machine's configuration that are compared after the order of modules has changed."""


def _parts(context: AssessmentContext) -> Outcome:
    text = (context.flake / "flake.nix").read_text()
    missing = [part for part in _PARTS if not re.search(rf"^    {part}[.\s]", text, re.MULTILINE)]
    loads = bool(_ALL_MODULES.search(" ".join(text.split()).replace("( ", "(")))
    outputs = "mkFlake (import-tree ./modules)" if loads else "outputs other than mkFlake (import-tree ./modules)"
    return pass_or_fail(
        not missing and loads, f"inputs {', '.join(_PARTS)}; {outputs}" if not missing else f"no {missing[0]}"
    )


def _lock(context: AssessmentContext) -> Outcome:
    line = f'nix flake lock "path:$PWD/{VALIDATION}" && git add {VALIDATION}/flake.lock'
    if (context.flake / "flake.lock").is_file():
        return passed(f"{VALIDATION}/flake.lock is there", f'nix flake metadata "path:$PWD/{VALIDATION}"')
    return not_checked("no flake.lock yet: this needs Nix and a network", line)


def _dendritic(context: AssessmentContext) -> Outcome:
    files = nix_files(context.flake / "modules")
    odd = [f"{path} contributes nothing" for path, text in files.items() if not _CONTRIBUTES.search(text)]
    by_hand = [f"{path} names {target}" for path, text in files.items() for target in _modules_named(path, text)]
    if odd or by_hand:
        return failed("; ".join(odd + by_hand))
    return passed(f"{len(files)} files, each contributes to the flake, none names another by its path")


def _modules_named(path: str, text: str) -> list[str]:
    """Returns the module files and folders to which a module refers by a relative path."""
    here = f"modules/{path}"
    paths = _RELATIVE_PATH.findall(_COMMENT.sub("", text))
    targets = [posixpath.normpath(posixpath.join(posixpath.dirname(here), relative)) for relative in paths]
    return [
        target
        for target in targets
        if target.split("/")[0] in {".", "modules"} and posixpath.splitext(target)[1] in {"", ".nix"}
    ]


def _discovery(context: AssessmentContext) -> Outcome:
    with context.copy() as flake:
        write_placeholder(flake / "modules" / "anywhere" / "deep" / "new.nix", "{ flake.modules.nixos.found = { }; }\n")
        write_placeholder(flake / "modules" / "_aside" / "new.nix", "{ flake.modules.nixos.set-aside = { }; }\n")
        names = context.value("modules.nixos", "builtins.attrNames", flake=flake)
    evidence = "a new file in a new folder contributed its module; a file below a folder `_…` did not"
    return pass_or_fail(
        "found" in names and "set-aside" not in names, evidence if "found" in names else f"found: {names}"
    )


def _renaming(context: AssessmentContext) -> Outcome:
    with context.copy_with_vars() as flake:
        before = evaluated_content(context, flake)
        moved = shuffle_modules(flake / "modules")
        after = evaluated_content(context, flake)
    different = sorted(key for key in before if before[key] != after.get(key))
    evidence = f"{moved} files renamed and moved; modules, roles, settings, vars and system compared"
    return pass_or_fail(not different, evidence if not different else f"{evidence}; different: {', '.join(different)}")


def evaluated_content(context: AssessmentContext, flake: Path) -> dict[str, Any]:
    """Returns the evaluated content of a flake, independent of its file names."""
    return {
        "modules": context.value("modules", "builtins.mapAttrs (_: builtins.attrNames)", flake=flake),
        "roles": context.value("clan._services.allServices", SETTINGS, flake=flake),
        **context.value(SYSTEM, _MEANING, flake=flake),
    }


SETTINGS = """services: builtins.concatMap (service: builtins.concatMap (name: builtins.concatMap (role:
  map (machine: {
    inherit machine role;
    instance = name;
    settings = service.instances.${name}.roles.${role}.machines.${machine}.finalSettings.config;
  }) (builtins.attrNames service.instances.${name}.roles.${role}.machines)
) (builtins.attrNames service.instances.${name}.roles)) (builtins.attrNames service.instances)
) (builtins.attrValues services)"""
"""Every machine in every role of every instance, with the settings evaluated by clan."""


def shuffle_modules(modules: Path) -> int:
    """Moves every module to another name and folder at the same depth and in another order. Returns their number."""
    files = sorted(modules.rglob("*.nix"))
    beside = modules.with_name("scattered")
    for number, file in enumerate(files):
        # Keeps the depth because a module may read a file of the flake (fleet.json) by its relative path.
        depth = len(file.relative_to(modules).parts) - 1
        target = beside.joinpath(*(f"f{(number * 7) % 10}" for _ in range(depth)), f"m{99 - number}.nix")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target)
    shutil.rmtree(modules)
    beside.rename(modules)
    return len(files)


def _patterns(context: AssessmentContext) -> Outcome:
    file = context.project / PATTERNS
    if not file.is_file():
        return failed(f"{PATTERNS} is missing")
    text = file.read_text()
    named = sorted(set(_NAMED_FILE.findall(text)))
    lost = [name for name in named if not (context.project / name).exists()]
    count = len(re.findall(r"^## ", text, re.MULTILINE))
    return pass_or_fail(
        not lost and count > 0, f"{count} patterns; {len(named)} files named, missing: {', '.join(lost) or 'none'}"
    )


def _inputs(context: AssessmentContext) -> Outcome:
    nodes = context.locks()["nodes"]
    root = nodes["root"]["inputs"]
    return pass_or_fail(
        set(_PARTS) <= set(root), f"{len(root)} inputs resolve, {len(nodes) - 1} with theirs: {', '.join(sorted(root))}"
    )


CRITERIA = (
    Criterion("parts", "flake", "the flake consists of clan-core, flake-parts and import-tree", How.PARSED, _parts),
    Criterion(
        "inputs",
        "flake",
        "every input resolves",
        How.EVALUATED,
        _inputs,
        VALIDATION,
        f'nix flake metadata "path:$PWD/{VALIDATION}"',
    ),
    Criterion("lock", "flake", "the inputs are locked", How.PARSED, _lock),
    Criterion(
        "dendritic",
        "dendritic",
        "every file is a flake-parts module, and no list of imports names files",
        How.PARSED,
        _dendritic,
    ),
    Criterion(
        "discovery", "dendritic", "import-tree finds a new file automatically", How.EVALUATED, _discovery, VALIDATION
    ),
    Criterion(
        "renaming", "dendritic", "renaming and moving every file changes nothing", How.EVALUATED, _renaming, VALIDATION
    ),
    Criterion(
        "patterns",
        "documents",
        "the patterns are documented, and the files they name exist",
        How.PARSED,
        _patterns,
    ),
)
