"""Pulumi's event log, by what Pulumi wrote."""

import json
from collections import Counter
from pathlib import Path

import pytest

from fediversity.rollout.event_log import (
    Cancellation,
    Diagnostic,
    Prelude,
    ResourceOperation,
    Summary,
    parse_event,
    parse_events,
    read_events,
    resource_name,
    resource_type,
)

RECORDED = Path(__file__).parents[1] / "data" / "pulumi-3.259.0"
ELM = "urn:pulumi:dev::fediversity::fediversity:machines:GcpMachine$gcp:compute/instance:Instance::elm-server"


def test_every_line_that_pulumi_wrote_is_known_and_messages_for_debugging_are_left_out() -> None:
    for file in RECORDED.glob("*.jsonl"):
        lines = file.read_text().splitlines()
        assert all(parse_event(line) is not None for line in lines), file
        debugging = sum('"severity":"debug"' in line for line in lines)
        assert debugging > 0
        assert len(read_events(file)) == len(lines) - debugging


def test_the_events_of_a_run_that_failed_are_read_with_their_fields() -> None:
    events = read_events(RECORDED / "failed.jsonl")
    assert isinstance(events[0], Prelude)
    assert events[0].config["fediversity:machines"] == "simulated"
    assert isinstance(events[-1], Cancellation)
    [summary] = [event for event in events if isinstance(event, Summary)]
    assert summary == Summary("failed", is_preview=False, seconds=14, changes={"create": 37})
    failed = [event for event in events if isinstance(event, ResourceOperation) and event.progress == "failed"]
    assert {resource_name(event.urn): event.op for event in failed} == dict.fromkeys(
        ("elm-server", "ash-server", "pine-install"), "create"
    )
    [elm] = [event for event in failed if event.urn == ELM]
    assert elm.type == "gcp:compute/instance:Instance"
    assert elm.new is not None
    assert elm.new["inputs"]["machineType"] == "e2-small"
    messages = [event for event in events if isinstance(event, Diagnostic)]
    assert {(resource_name(event.urn), event.severity) for event in messages} == {
        ("elm-server", "error"),
        ("ash-server", "error"),
        ("pine-install", "error"),
        ("", "error"),
    }


def test_each_operation_of_a_run_starts_and_is_done() -> None:
    events = [event for event in read_events(RECORDED / "changed.jsonl") if isinstance(event, ResourceOperation)]
    seen = Counter((event.op, event.progress) for event in events)
    ops = {"same", "create", "update", "delete", "replace", "create-replacement", "delete-replaced"}
    assert {op for op, _ in seen} == ops
    assert all(seen[op, "started"] == seen[op, "done"] > 0 for op in ops)
    assert all((event.new is None) == (event.op in {"delete", "delete-replaced"}) for event in events)


def test_marks_for_colours_are_taken_out_of_messages() -> None:
    file = RECORDED / "coloured.jsonl"
    assert "<{%" in file.read_text()
    messages = [event.message for event in read_events(file) if isinstance(event, Diagnostic)]
    assert messages[0].startswith("stacks/dev.yaml:12: machines.oak.provider.server_type: unknown")
    assert not any("{%" in message for message in messages)


def test_a_log_that_is_cut_short_anywhere_gives_what_came_before() -> None:
    lines = (RECORDED / "failed.jsonl").read_text().splitlines()
    whole = parse_events(lines)
    for kept in range(0, len(lines[-3]), 7):
        cut = [*lines[:-3], lines[-3][:kept]]
        assert parse_events(cut) == whole[: len(parse_events(lines[:-3]))]


@pytest.mark.parametrize(
    "event",
    [
        {"sequence": 1, "timestamp": 1},
        {"progressEvent": {"type": "plugin-download", "done": True}},
        {"resOpFailedEvent": {"metadata": None}},
        {"resOpFailedEvent": {"metadata": {"op": "create"}}},
        {"resourcePreEvent": None},
        ["diagnosticEvent"],
        "diagnosticEvent",
        None,
    ],
)
def test_what_is_not_known_is_left_out(event: object) -> None:
    assert parse_event(json.dumps(event)) is None


@pytest.mark.parametrize(
    "event",
    [
        {"summaryEvent": {"resourceChanges": {"create": "many", "same": 2, "odd": True}, "durationSeconds": None}},
        {"summaryEvent": {"resourceChanges": {"same": 2}, "durationSeconds": "long", "result": 7}},
    ],
)
def test_fields_of_another_kind_are_left_out(event: object) -> None:
    assert parse_event(json.dumps(event)) == Summary("", is_preview=False, seconds=0, changes={"same": 2})


def test_there_is_no_event_in_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert read_events(tmp_path / "events.jsonl") == ()


def test_a_resource_is_named_as_pulumi_prints_it() -> None:
    assert (resource_name(ELM), resource_type(ELM)) == ("elm-server", "gcp:compute:Instance")
    stack = "urn:pulumi:dev::fediversity::pulumi:pulumi:Stack::fediversity-dev"
    assert (resource_name(stack), resource_type(stack)) == ("fediversity-dev", "pulumi:pulumi:Stack")
