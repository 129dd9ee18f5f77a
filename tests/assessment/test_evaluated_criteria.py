"""Tests the criteria on the flake with real Nix: they pass here, and fail if their claim is violated."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fediversity.assessment.context import AssessmentContext
from fediversity.assessment.criteria import CRITERIA
from fediversity.assessment.criterion import Criterion
from fediversity.assessment.results import Result
from tests.assessment.checkout import context, copy_of_the_checkout

BY_NAME = {criterion.name: criterion for criterion in CRITERIA}
EVALUATED = [criterion for criterion in CRITERIA if criterion.flake is not None]
NEEDS_NIXPKGS = {"build-plan"}


@pytest.fixture(scope="module")
def here(store: Path) -> Callable[[], AssessmentContext]:
    """A context in this checkout, created once because it caches results."""
    return functools.cache(lambda: context(store=store))


Edit = Callable[[Path], None]


def in_fleet(change: Callable[[dict[str, Any]], object]) -> Edit:
    """Returns an edit of the rendered fleet."""

    def edit(flake: Path) -> None:
        fleet = json.loads((flake / "fleet.json").read_text())
        change(fleet)
        (flake / "fleet.json").write_text(json.dumps(fleet))

    return edit


def in_file(path: str, old: str, new: str) -> Edit:
    """Returns an edit of one module."""

    def edit(flake: Path) -> None:
        text = (flake / path).read_text()
        assert old in text, "the edit changes nothing"
        (flake / path).write_text(text.replace(old, new))

    return edit


def add_file(path: str, text: str) -> Edit:
    """Returns an edit that adds a module."""

    def edit(flake: Path) -> None:
        (flake / path).parent.mkdir(parents=True, exist_ok=True)
        (flake / path).write_text(text)

    return edit


def role(name: str, role: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def found(fleet: dict[str, Any]) -> dict[str, Any]:
        held: dict[str, Any] = fleet["instances"][name]["roles"][role]
        return held

    return found


BROKEN: list[tuple[str, Edit, str]] = [
    ("inputs", in_file("flake.nix", '    import-tree.url = "github:vic/import-tree";\n', ""), "5 inputs"),
    ("discovery", in_file("flake.nix", "inputs.import-tree ./modules", "inputs.import-tree ./modules/flake"), ""),
    (
        "renaming",
        add_file("modules/aspects/named.nix", "{ flake.modules.nixos.${baseNameOf __curPos.file} = { }; }"),
        "different: modules",
    ),
    ("inventory", in_file("modules/flake/clan.nix", "tags description;", "description;"), "test-vm: nixos, tags"),
    ("emergency-access", in_fleet(lambda fleet: role("emergency-access", "default")(fleet).update(tags=[])), "default"),
    (
        "sshd",
        in_fleet(lambda fleet: role("sshd", "server")(fleet)["settings"]["certificate"].update(enable=False)),
        "",
    ),
    ("zerotier", in_fleet(lambda fleet: fleet["instances"]["zerotier"]["roles"].pop("peer")), "controller: test-vm"),
    (
        "unattended",
        add_file(
            "modules/aspects/wrong.nix",
            '{ flake.modules.nixos."machines/test-vm".clan.core.vars.generators.riddle = {'
            ' prompts.answer = { }; files.answer = { }; script = ""; }; }',
        ),
        "1 of them ask: riddle",
    ),
    (
        "generator",
        in_file("modules/aspects/vars-check.nix", "files.secret = { };", "files.secret.deploy = false;"),
        "not deployed",
    ),
    (
        "deploy-path",
        in_file("modules/aspects/vars-check.nix", "files.secret = { };", 'files.secret.neededFor = "activation";'),
        "/var/lib/sops-nix/activation/",
    ),
    (
        "assertions",
        add_file(
            "modules/aspects/wrong.nix",
            '{ flake.modules.nixos."machines/test-vm".assertions = [ { assertion = false; message = "on fire"; } ]; }',
        ),
        "on fire",
    ),
    (
        "whole",
        add_file("modules/aspects/wrong.nix", '{ flake.modules.nixos."machines/test-vm".servces.x = 1; }'),
        "servces' does not exist",
    ),
    ("encryption", in_fleet(lambda fleet: fleet["machines"]["test-vm"].update(encrypted=False)), ""),
]


@pytest.mark.parametrize("criterion", EVALUATED, ids=lambda criterion: criterion.name)
def test_each_criterion_holds_or_says_that_it_needs_the_whole_of_nixpkgs(
    criterion: Criterion, here: Callable[[], AssessmentContext]
) -> None:
    row = criterion.row(here())
    expected = Result.NOT_CHECKED if criterion.name in NEEDS_NIXPKGS else Result.PASS
    assert row.result is expected, row.outcome.evidence
    assert row.outcome.evidence


@pytest.mark.parametrize(("name", "edit", "evidence"), BROKEN, ids=[name for name, _, _ in BROKEN])
def test_a_criterion_fails_where_its_claim_is_not_so(
    name: str, edit: Edit, evidence: str, store: Path, tmp_path: Path
) -> None:
    project = copy_of_the_checkout(tmp_path)
    edit(project / "nix" / "validation")
    row = BY_NAME[name].row(context(project, store=store))
    assert row.result is Result.FAIL, row.outcome.evidence
    assert evidence in row.outcome.evidence


def test_every_evaluated_criterion_is_seen_to_fail_once() -> None:
    # `classes` reads the fleet's flake; `mistakes` would fail only if clan accepted any setting.
    assert {name for name, _, _ in BROKEN} == {c.name for c in EVALUATED} - NEEDS_NIXPKGS - {"classes", "mistakes"}


def test_an_input_that_cannot_be_had_leaves_a_criterion_unchecked(store: Path, tmp_path: Path) -> None:
    project = copy_of_the_checkout(tmp_path)
    flake = project / "nix" / "validation" / "flake.nix"
    flake.write_text(
        flake.read_text().replace("  inputs = {\n", '  inputs = {\n    new.url = "https://nowhere.invalid/x.tar.gz";\n')
    )
    row = BY_NAME["inventory"].row(context(project, store=store))
    assert row.result is Result.NOT_CHECKED
    assert "the inputs of nix/validation are not to be had here" in row.outcome.evidence
