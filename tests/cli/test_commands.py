"""The `fediversity` command: what it writes and prints, and how it ends when something is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fediversity.cli.commands import COMMANDS
from fediversity.cli.main import main
from fediversity.fleet.schema import schema_text
from tests.cli.conftest import RENDERED
from tests.fleet.good import GOOD, edited, line_of

Output = pytest.CaptureFixture[str]


def in_a_process(*arguments: str, after: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the command by itself; `after` is Python that runs when it has ended."""
    code = f"""
import sys
from fediversity.cli.main import main
try:
    status = main()
except SystemExit as end:
    status = end.code
{after}
sys.exit(status)
"""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_render_writes_the_hand_off_once(project: Path, capsys: Output) -> None:
    file = project / "nix" / "fleet.json"
    assert main(["render"]) == 0
    assert capsys.readouterr().out == "nix/fleet.json written\n"
    assert file.read_text() == RENDERED
    assert [path.name for path in file.parent.iterdir()] == ["fleet.json"], "nothing else is left"
    written_at = file.stat().st_mtime_ns
    assert main(["render", "dev"]) == 0
    assert capsys.readouterr().out == "nix/fleet.json is up to date\n"
    assert file.stat().st_mtime_ns == written_at


def test_render_check_says_in_one_line_whether_the_file_is_current(project: Path, capsys: Output) -> None:
    file = project / "nix" / "fleet.json"
    assert main(["render", "--check"]) == 1
    assert capsys.readouterr().err == (
        "nix/fleet.json is missing: run `fediversity render dev` and commit the result\n"
    )
    file.write_text("{}\n")
    assert main(["render", "dev", "--check"]) == 1
    assert capsys.readouterr().err == "nix/fleet.json is stale: run `fediversity render dev` and commit the result\n"
    assert file.read_text() == "{}\n", "checking writes nothing"
    file.write_text(RENDERED)
    assert main(["render", "--check"]) == 0
    assert capsys.readouterr() == ("nix/fleet.json is up to date\n", "")


def test_render_takes_a_fleet_file_that_belongs_to_no_stack(project: Path, capsys: Output) -> None:
    (project / "Pulumi.dev.yaml").unlink()
    (project / "new.yaml").write_text(edited("name: garden\n", "name: orchard\n"))
    assert main(["render", "--fleet", "new.yaml"]) == 0
    assert '"name": "orchard"' in (project / "nix" / "fleet.json").read_text()
    (project / "new.yaml").write_text(GOOD)
    assert main(["render", "--fleet", "new.yaml", "--check"]) == 1
    assert "run `fediversity render --fleet new.yaml`" in capsys.readouterr().err


@pytest.mark.usefixtures("project")
def test_schema_writes_the_schema_beside_the_fleet_files_and_checks_it(capsys: Output) -> None:
    file = Path("stacks/fleet.schema.json")
    assert main(["schema", "--check"]) == 1
    assert capsys.readouterr().err.startswith("stacks/fleet.schema.json is missing: run `fediversity schema`")
    assert main(["schema"]) == 0
    assert file.read_text() == schema_text()
    assert main(["schema", "--check"]) == 0
    file.write_text(schema_text().replace("cx53", "cx54"))
    assert main(["schema", "--check"]) == 1
    assert (
        capsys.readouterr().err == "stacks/fleet.schema.json is stale: run `fediversity schema` and commit the result\n"
    )


@pytest.mark.usefixtures("project")
def test_lint_says_what_a_good_fleet_file_holds(capsys: Output) -> None:
    assert main(["validate"]) == 0
    assert capsys.readouterr().out == (
        "stacks/dev.yaml is in order: 6 machines (1 switched off), 4 service instances, 4 DNS zones, 1 bucket, "
        "2 deployments\n"
    )


@pytest.mark.parametrize("command", ["validate", "render", "plan"])
def test_a_bad_fleet_file_ends_a_command_with_its_problems_and_nothing_else(project: Path, command: str) -> None:
    text = edited("cx23", "cx99", edited("after: [oak]", "after: [oka]"))
    (project / "stacks" / "dev.yaml").write_text(text)
    done = in_a_process(command)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"stacks/dev.yaml:{line_of('cx99', text)}: machines.oak.provider.server_type: unknown" in done.stderr
    assert f"stacks/dev.yaml:{line_of('[oka]', text)}: machines.elm.after[0]: unknown machine 'oka'" in done.stderr
    assert done.stderr.endswith("2 problems in stacks/dev.yaml; nothing was changed.\n")
    assert "Traceback" not in done.stderr
    assert not (project / "nix" / "fleet.json").exists()


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", ["validate", "render", "plan"])
def test_a_stack_that_is_not_there_ends_a_command_with_one_line(command: str, capsys: Output) -> None:
    assert main([command, "production"]) == 1
    assert capsys.readouterr() == (
        "",
        "There is no stack 'production'; known: dev. A stack is a file Pulumi.<stack>.yaml.\n",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["deploy"],
        ["render", "--force"],
        ["render", "dev", "--fleet", "x.yaml"],
        ["schema", "dev"],
        ["--fleet", "x"],
    ],
    ids=" ".join,
)
def test_bad_usage_is_explained_and_ends_with_2(arguments: list[str], capsys: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: fediversity" in capsys.readouterr().err


def test_help_lists_every_command_with_what_it_is_for(capsys: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    listed = " ".join(capsys.readouterr().out.split())
    for name, purpose in COMMANDS.items():
        assert f"{name} {purpose}" in listed


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str, capsys: Output) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"usage: fediversity {command}" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (["--help"], ["pydantic", "yaml", "rich", "pulumi", "grpc"]),
        (["schema"], ["yaml", "rich", "pulumi", "grpc"]),
        (["validate"], ["rich", "pulumi", "grpc", "fediversity.steps.transport.ssh"]),
        (["render"], ["rich", "pulumi", "grpc", "fediversity.planning.build"]),
        (
            ["status", "--json"],
            ["rich", "pulumi", "grpc", "fediversity.steps.transport.ssh", "fediversity.planning.build"],
        ),
        (
            ["cost", "--json"],
            ["rich", "pulumi", "grpc", "fediversity.steps.transport.ssh", "fediversity.planning.build"],
        ),
        (["probe"], ["rich", "pulumi", "grpc", "asyncssh"]),
    ],
    ids=lambda value: value[0],
)
def test_a_command_imports_only_what_it_uses(arguments: list[str], spared: list[str]) -> None:
    done = in_a_process(*arguments, after=f"print(sorted(set(sys.modules) & {set(spared)!r}))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.usefixtures("project")
def test_a_reader_that_has_seen_enough_causes_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "fediversity.cli.main", "validate"]
    try:
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_file_that_cannot_be_written_is_named(project: Path, capsys: Output) -> None:
    (project / "nix").rmdir()
    (project / "nix").write_text("in the way")
    assert main(["render"]) == 1
    assert capsys.readouterr().err.startswith("nix")


@pytest.mark.usefixtures("project")
def test_an_interruption_ends_quietly(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    def interrupted(_stack: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fediversity.cli.fleet_argument.open_stack", interrupted)
    assert main(["validate"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_checkout_whose_path_the_tools_cannot_carry_has_no_plan_but_can_be_checked(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.chdir(project.rename(project.with_name("a&b")))
    assert main(["validate"]) == main(["render"]) == 0
    capsys.readouterr()
    assert main(["plan"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "it holds '&'" in printed.err
    assert "fix: move the checkout" in printed.err
