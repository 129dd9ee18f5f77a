"""Format and lint of every Nix file, and the parts of the flake that are for people."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fediversity.bootstrap.nix_files import NixProblem, check_nix_files, fmt, nix_files
from fediversity.bootstrap.nix_tools import NixTools, ensure_nix_tools
from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import BootstrapError
from tests.requirements import NIX, NIX_TOOLS, NO_EVALUATION, NO_NIX, unavailable

ROOT = Path(__file__).parents[2]
FLAKE = ROOT / "nix"
EVALUATION = ROOT / "../shared/nix-eval"
MACHINES: dict[str, Any] = json.loads((FLAKE / "fleet.json").read_text())["machines"]

UNFORMATTED = "{ a }:   a\n"
DEAD = "let\n  used = 1;\n  unused = 2;\nin\nused\n"
BROKEN = "{\n  a = 1;\n  b = ;\n}\n"


@pytest.fixture(scope="module")
def tools() -> NixTools:
    """The programs. Where nothing brings them the tests are skipped, or fail if they are required."""
    try:
        found = ensure_nix_tools(Paths.of(ROOT, os.environ), os.environ)
    except BootstrapError as error:
        unavailable(NIX_TOOLS, f"nixfmt and deadnix cannot be built: {str(error).partition('. The end of')[0]}")
    if found.nixfmt is None or found.deadnix is None:
        unavailable(NIX_TOOLS, found.left_out[0])
    return found


def written(folder: Path, text: str) -> Path:
    file = folder / "some.nix"
    file.write_text(text)
    return file


def test_every_nix_file_of_the_project_parses_is_formatted_and_has_no_dead_code(tools: NixTools) -> None:
    files = nix_files(ROOT)
    assert {FLAKE / "flake.nix", Path(__file__).with_name("tooling.nix")} <= set(files)
    assert [str(problem) for problem in check_nix_files(files, tools, FLAKE)] == []


def test_a_badly_formatted_file_is_refused_with_its_first_wrong_line(tools: NixTools, tmp_path: Path) -> None:
    file = written(tmp_path, f"# a comment\n{UNFORMATTED}")
    assert check_nix_files([file], tools, FLAKE) == [NixProblem(file, 2, "not formatted; `./just fmt` corrects it")]


def test_a_file_with_dead_code_is_refused_with_its_line(tools: NixTools, tmp_path: Path) -> None:
    file = written(tmp_path, DEAD)
    assert check_nix_files([file], tools, FLAKE) == [NixProblem(file, 3, "Unused let binding: unused")]


@pytest.mark.parametrize("parser", ["nix-instantiate", "nixfmt"])
def test_a_syntax_error_is_refused_with_its_line_and_nothing_more(tools: NixTools, tmp_path: Path, parser: str) -> None:
    if parser == "nix-instantiate" and tools.nix_instantiate is None:
        unavailable(NIX, NO_NIX)
    file = written(tmp_path, BROKEN)
    chosen = tools if parser == "nix-instantiate" else replace(tools, nix_instantiate=None)
    (problem,) = check_nix_files([file], chosen, FLAKE)
    assert (problem.path, problem.line) == (file, 3)
    assert "expected" in problem.text


def test_all_problems_of_all_files_are_told_at_once(tools: NixTools, tmp_path: Path) -> None:
    for name, text in (("a.nix", BROKEN), ("b.nix", DEAD), ("c.nix", UNFORMATTED), ("d.nix", "{ }\n")):
        (tmp_path / name).write_text(text)
    found = check_nix_files(nix_files(tmp_path), replace(tools, statix=None), FLAKE)
    assert [(problem.path.name, problem.line) for problem in found] == [("a.nix", 3), ("b.nix", 3), ("c.nix", 1)]


def test_an_undefined_variable_is_refused_where_nix_is(tools: NixTools, tmp_path: Path) -> None:
    if tools.nix_instantiate is None:
        unavailable(NIX, NO_NIX)
    file = written(tmp_path, "{\n  a = b;\n}\n")
    assert check_nix_files([file], tools, FLAKE) == [NixProblem(file, 2, "undefined variable 'b'")]


def test_a_lint_of_statix_is_refused_with_its_line_where_statix_is(tools: NixTools, tmp_path: Path) -> None:
    if tools.statix is None:
        unavailable(NIX, NO_NIX)
    file = written(tmp_path, "{ a }:\n{\n  a = a;\n}\n")
    (problem,) = check_nix_files([file], tools, FLAKE)
    assert str(problem) == f"{file}:3: This assignment is better written with `inherit` (statix W03)"


def test_the_settings_of_statix_hold_for_files_anywhere(tools: NixTools, tmp_path: Path) -> None:
    if tools.statix is None:
        unavailable(NIX, NO_NIX)
    file = written(tmp_path, "{\n  a.b = 1;\n  a.c = 2;\n  a.d = 3;\n}\n")
    assert len(check_nix_files([file], tools, tmp_path)) == 3, "there are no settings in that folder"
    assert check_nix_files([file], tools, FLAKE) == []


def test_formatting_changes_what_is_wrong_and_nothing_else(tools: NixTools, tmp_path: Path) -> None:
    for name, text in (("a.nix", BROKEN), ("b.nix", UNFORMATTED), ("c.nix", DEAD)):
        (tmp_path / name).write_text(text)
    changed, problems = fmt(nix_files(tmp_path), tools)
    assert [path.name for path in changed] == ["b.nix"]
    assert [(problem.path.name, problem.line) for problem in problems] == [("a.nix", 3)]
    assert (tmp_path / "a.nix").read_text() == BROKEN, "what cannot be parsed is left as it is"
    assert check_nix_files([tmp_path / "b.nix"], tools, FLAKE) == []


def test_hidden_folders_and_what_tools_make_are_not_looked_at(tmp_path: Path) -> None:
    for name in (".venv/lib/a.nix", "dist/a.nix", "nix/.direnv/a.nix", "nix/modules/a.nix"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert nix_files(tmp_path) == [tmp_path / "nix/modules/a.nix"]


def test_the_command_names_each_problem_below_the_checkout_and_fails(tools: NixTools, tmp_path: Path) -> None:
    # The room takes the folder it lies in for the checkout.
    for room in ("bootstrap", "support"):
        shutil.copytree(ROOT / "fediversity" / room, tmp_path / "fediversity" / room)
    shutil.copy(ROOT / "fediversity" / "__init__.py", tmp_path / "fediversity")
    (tmp_path / "nix").mkdir()
    written(tmp_path / "nix", UNFORMATTED)
    folders = {str(path.parent) for path in (tools.nixfmt, tools.deadnix) if path is not None}
    environment = {"HOME": str(tmp_path), "PATH": os.pathsep.join(folders)}

    def run(command: str) -> subprocess.CompletedProcess[str]:
        module = [sys.executable, "-m", "fediversity.bootstrap", command]
        return subprocess.run(module, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    refused = run("nix-check")
    assert refused.returncode == 1
    assert "nix/some.nix:1: not formatted; `./just fmt` corrects it" in refused.stderr.splitlines()
    assert refused.stderr.count("not checked: statix") == 1
    assert refused.stdout == "1 Nix files, checked by nixfmt, deadnix: 1 problem\n"
    assert run("nix-fmt").stdout == "formatted nix/some.nix\n"
    assert run("nix-check").returncode == 0


def evaluate(attribute: str) -> Any:
    """Evaluates one attribute of tooling.nix; skips the test where that is not possible, fails it on an error."""
    program = shutil.which("nix-instantiate")
    if "NIX_INPUTS" not in os.environ or program is None or not EVALUATION.is_dir():
        unavailable(NIX, NO_EVALUATION)
    expression = Path(__file__).with_name("tooling.nix")
    arguments = ["--arg", "src", str(FLAKE), "--arg", "evaluation", str(EVALUATION.resolve())]
    command = [program, "--eval", "--strict", "--json", str(expression), *arguments, "-A", attribute]
    environment = {**os.environ, "NIX_REMOTE": "dummy://"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_evaluated_checks_are_the_machines_of_each_system_those_of_the_files_and_nixops4_s_own() -> None:
    checks = evaluate("checks")
    assert {machine["system"] for machine in MACHINES.values()} <= set(checks)
    for system, names in checks.items():
        machines = {
            f"{machine['machineClass']}-{name}" for name, machine in MACHINES.items() if machine["system"] == system
        }
        assert set(names) == {"format", "lint", "nixops-providers"} | machines, system


def test_the_evaluated_shell_of_every_system_brings_what_the_set_up_would_fetch_and_the_real_tools() -> None:
    shells = evaluate("shells")
    wanted = {"git", "just", "nix", "nixops4", "openssh", "pulumi", "pulumi-python", "python3", "ruff", "uv"}
    for system, names in shells.items():
        assert wanted | {"fediversity-nix-tools"} <= set(names), system
        # clan-core's own definition of clan-cli is evaluated; the stub of nixpkgs calls what it builds "called".
        assert set(names) - wanted == {"fediversity-nix-tools", "called"}, system
    assert evaluate("linters") == {system: ["nixfmt", "deadnix", "statix"] for system in shells}
    assert evaluate("formatters") == dict.fromkeys(shells, "nixfmt-tree")


def test_the_evaluated_shell_puts_no_python_package_of_its_own_in_front_of_the_pinned_ones() -> None:
    assert all("unset PYTHONPATH" in hook for hook in evaluate("hooks").values())


def test_the_evaluated_shell_lets_compiled_python_modules_find_their_libraries_on_linux_only() -> None:
    for system, environment in evaluate("environments").items():
        assert ("LD_LIBRARY_PATH" in environment) == system.endswith("linux"), system


def test_the_evaluated_check_of_the_format_refuses_an_unformatted_file(tools: NixTools, tmp_path: Path) -> None:
    assert tools.nixfmt is not None
    script = evaluate("scripts")["x86_64-linux"]["format"]["script"]
    flake = tmp_path / "nix"
    shutil.copytree(FLAKE, flake)

    def run() -> int:
        environment = {"PATH": f"{nixfmt_folder}:/usr/bin:/bin", "out": str(tmp_path / "out")}
        text = "set -e\n" + script.replace(str(FLAKE), str(flake))
        return subprocess.run(["sh", "-c", text], env=environment, capture_output=True, check=False).returncode

    nixfmt_folder = tools.nixfmt.parent
    assert run() == 0
    written(flake / "modules", UNFORMATTED)
    assert run() != 0
