"""What Pulumi says is printed after a rollout that was shown in another way."""

import re
from pathlib import Path

import pytest

from fediversity.rollout.diagnostics import pulumi_diagnostics
from fediversity.rollout.event_log import Diagnostic, PulumiEvent, ResourceOperation, Summary, read_events

RECORDED = Path(__file__).parents[1] / "data" / "pulumi-3.259.0"
STEP = "urn:pulumi:dev::fediversity::command:local:Command::oak-update"


def section(output: str, title: str) -> set[str]:
    """The lines below a title of Pulumi's own output."""
    below = output[output.index(f"\n{title}:\n" if title != "Resources" else "Resources:\n") :].split(":\n", 1)[1]
    lines = re.split(r"\n[A-Z]", below, maxsplit=1)[0].splitlines()
    return {line.rstrip() for line in lines if line.strip()}


def test_messages_are_those_of_pulumi_s_own_output() -> None:
    lines = pulumi_diagnostics(read_events(RECORDED / "failed.jsonl"), "", (), ended_well=False)
    output = (RECORDED / "failed.log").read_text()
    said_by_the_stack = {"  pulumi:pulumi:Stack (fediversity-dev):", "    error: update failed"}
    printed = lines[lines.index("Diagnostics:") + 1 : lines.index("Resources:")]
    assert set(printed) == section(output, "Diagnostics") - said_by_the_stack


@pytest.mark.parametrize(("name", "ended_well"), [("changed", True), ("failed", False)])
def test_what_is_counted_is_what_pulumi_s_own_output_counts(name: str, ended_well: bool) -> None:
    lines = pulumi_diagnostics(read_events(RECORDED / f"{name}.jsonl"), "", (), ended_well=ended_well)
    output = (RECORDED / f"{name}.log").read_text()
    counted = section(output, "Resources")
    # Pulumi counts the stack as an error besides the resources that failed, and sums the changes up.
    expected = {line.replace("4 errored", "3 failed").replace("40 changes. ", "") for line in counted}
    assert set(lines[lines.index("Resources:") + 1 : -1]) == expected
    assert lines[-1] in output.splitlines()


def test_errors_of_steps_that_the_ledger_reports_are_left_out_and_those_of_the_cloud_are_shown() -> None:
    events = read_events(RECORDED / "failed.jsonl")
    lines = pulumi_diagnostics(events, "", {"pine-install"}, ended_well=False)
    assert not any("pine" in line for line in lines)
    assert lines[:2] == ["Diagnostics:", "  gcp:compute:Instance (elm-server):"]
    assert '    error: the server name "ash" is already used (uniqueness_error, simulated)' in lines


def test_a_program_that_failed_is_quoted_under_the_name_of_the_stack() -> None:
    lines = pulumi_diagnostics(read_events(RECORDED / "coloured.jsonl"), "", (), ended_well=False)
    assert lines[1] == "  pulumi:pulumi:Stack (fediversity-dev):"
    assert lines[2].startswith("    error: stacks/dev.yaml:12: machines.oak.provider.server_type")
    assert "        fix: known: cax11" in lines[3]


def test_what_a_preview_and_the_update_after_it_say_is_told_once_and_the_update_counts() -> None:
    warning = Diagnostic(STEP, "warning", "old option\n")
    events: list[PulumiEvent] = [
        warning,
        Summary("succeeded", is_preview=True, seconds=1, changes={"create": 9}),
        warning,
        Summary("succeeded", is_preview=False, seconds=2.4, changes={"create": 0, "same": 3, "strange": 1}),
    ]
    assert pulumi_diagnostics(events, "", (), ended_well=True) == [
        "Diagnostics:",
        "  command:local:Command (oak-update):",
        "    warning: old option",
        "Resources:",
        "    3 unchanged",
        "    1 strange",
        "Duration: 2s",
    ]


@pytest.mark.parametrize("events", [[], [Diagnostic("", "error", "update failed\n")]])
def test_pulumi_that_ended_before_its_events_say_why_is_quoted(events: list[Diagnostic]) -> None:
    output = "error: could not load plugin\n"
    assert pulumi_diagnostics(events, output, (), ended_well=False) == ["error: could not load plugin"]


def test_a_failed_step_without_a_message_is_counted_and_its_output_is_not_quoted() -> None:
    events: list[PulumiEvent] = [
        ResourceOperation("failed", "update", STEP, "command:local:Command", {}),
        Summary("failed", is_preview=False, seconds=1, changes={"same": 2}),
    ]
    lines = pulumi_diagnostics(events, "noise\n", {"oak-update"}, ended_well=False)
    assert lines == ["Resources:", "    2 unchanged", "    1 failed", "Duration: 1s"]


def test_a_rollout_that_ended_well_with_nothing_to_report_prints_nothing() -> None:
    assert pulumi_diagnostics([], "Updating (dev):\n", (), ended_well=True) == []
