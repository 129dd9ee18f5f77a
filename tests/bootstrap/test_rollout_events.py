"""What happens in a rollout, told line by line and in a live table."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from fediversity.ledger.records import StepRecord
from fediversity.ledger.sqlite import Ledger
from fediversity.planning.steps import Plan
from fediversity.rollout import watch as watching
from fediversity.rollout.events import Event, events, json_line, line, still
from fediversity.rollout.live_table import draw
from fediversity.rollout.remaining_steps import MachineProgress
from fediversity.rollout.watch import RolloutWatch, json_lines, open_private, plain_lines
from tests.ledger.records import run


def ended(record: StepRecord, **more: object) -> StepRecord:
    return replace(record, **{"outcome": "applied", "ended_at": record.started_at + 3.2, "reason": "done", **more})  # type: ignore[arg-type]


def test_a_step_starts_has_its_turn_and_ends_each_told_once() -> None:
    queued = run("oak-install", None)
    at_work = replace(queued, started_at=queued.queued_at + 1)
    done = ended(at_work)
    looks = [[], [queued], [queued], [at_work], [done], [done]]

    told = [event.what for before, now in pairwise(looks) for event in events(before, now)]

    assert told == ["started", "turn", "ended"]


def test_what_began_and_ended_between_two_looks_is_told_whole_and_in_order() -> None:
    first, second = run("oak-update"), run("elm-update")

    told = [(event.record.step, event.what) for event in events([], [second, first]) if event.record]

    assert told == [
        ("oak-update", "started"),
        ("oak-update", "ended"),
        ("elm-update", "started"),
        ("elm-update", "ended"),
    ]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (run("oak-install", None), ["oak install started"]),
        (run("fleet-vars"), ["fleet vars started", "fleet vars ended applied in 2.0 s"]),
        (
            run("blog-apply", "failed", machine="oak", reason="no space:\n    more"),
            ["blog apply (on oak) started", "blog apply (on oak) ended failed in 2.0 s: no space"],
        ),
    ],
)
def test_an_event_is_one_plain_line_with_its_time(record: StepRecord, words: list[str]) -> None:
    lines = [line(event) for event in events([], [record])]

    assert [re.sub(r"^\d\d:\d\d:\d\d ", "", text) for text in lines] == words
    assert all(re.match(r"\d\d:\d\d:\d\d ", text) for text in lines)


def test_an_event_as_json_has_every_key_and_the_whole_reason() -> None:
    record = run("blog-apply", "failed", machine="oak", reason="no space:\n    more")

    started, over = [json.loads(json_line(event, "dev")) for event in events([], [record])]

    assert over["time"].endswith("Z")
    assert (over["machine"], over["step"], over["event"]) == ("oak", "blog-apply", "ended")
    assert (over["outcome"], over["reason"]) == ("failed", "no space:\n    more")
    assert over["log"] == ".fediversity/dev/logs/oak/blog-apply.log"
    assert started.keys() == over.keys()
    assert (started["outcome"], started["reason"]) == (None, None)
    assert json.loads(json_line(Event(0.0, "begun"), "dev"))["machine"] is None


def test_a_reader_that_is_gone_is_not_told_any_more_and_the_others_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard: list[str] = []

    def gone(_: object) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    watch = RolloutWatch.begin(Ledger(tmp_path / "ledger.sqlite"), Plan(()), ())
    watch.shows += [gone, lambda happened: heard.extend(event.what for event in happened)]
    watch.tell([Event(0.0, "begun")])
    watch.tell([Event(0.0, "finished")])

    assert heard == ["begun", "finished"]
    assert capsys.readouterr().err.count("Broken pipe") == 1


def test_a_watch_tells_what_the_ledger_gets_after_it_began_and_nothing_older(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.create()

    def step(name: str) -> None:
        record = ledger.begin(
            step=name, kind="update", machine="oak", server_id=None, fingerprint=None, command="", log=None
        )
        ledger.end(record, "applied", "done")

    step("old-update")
    watch = RolloutWatch.begin(ledger, Plan(()), ())
    file = tmp_path / "events.jsonl"
    with json_lines(file, "dev") as show:
        watch.shows.append(show)
        watch.look()
        step("new-update")
        watch.look()
        watch.look()

    told = [json.loads(text) for text in file.read_text().splitlines()]
    assert [(event["step"], event["event"]) for event in told] == [("new-update", "started"), ("new-update", "ended")]


def test_what_is_under_way_is_told_with_when_its_tool_last_said_something() -> None:
    queued = run("oak-update", None)
    at_work = replace(run("elm-install", None), queued_at=queued.queued_at, started_at=queued.queued_at + 5)
    now = queued.queued_at + 305

    lines = still([queued, at_work, run("fir-update")], now, lambda _: now - 30)

    assert [text.partition(" ")[2] for text in lines] == [
        "oak update still waits for its turn, for 5 min 5 s",
        "elm install still at work, for 5 min 0 s, its last output 30 s ago",
    ]


def test_plain_lines_are_never_silent_for_long_while_a_step_is_under_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.create()
    watch = RolloutWatch.begin(ledger, Plan(()), ())
    watch.shows.append(plain_lines(watch))
    (tmp_path / "a.log").write_text("building\n")
    record = ledger.begin(
        step="oak-reach", kind="reach", machine="oak", server_id=None, fingerprint=None, command="", log="a.log"
    )
    watch.look()
    watch.look()
    assert len(capsys.readouterr().out.splitlines()) == 1, "it speaks up only after a while"

    monkeypatch.setattr(watching, "QUIET_SECONDS", 0.0)
    watch.look()
    assert re.fullmatch(
        r"\S+ oak reach still at work, for \S+ s, its last output (just now|\d+ s ago)\n", capsys.readouterr().out
    )

    ledger.end(record, "applied", "it answers")
    watch.look()
    watch.look()
    assert [text.split()[1:4] for text in capsys.readouterr().out.splitlines()] == [["oak", "reach", "ended"]]


def test_what_is_written_of_a_rollout_is_for_its_owner_only(tmp_path: Path) -> None:
    with open_private(tmp_path / "new" / "engine.log") as file:
        file.write("words")

    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "engine.log").stat().st_mode & 0o077 == 0


def drawn(chains: list[MachineProgress], *, rows: int = 40, width: int = 100) -> list[str]:
    console = Console(width=width, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115
    console.print(draw(chains, ["ash-update"], now=START + 12.3, seconds=61.0, rows=rows))
    return [text.rstrip() for text in console.export_text().splitlines()]


QUEUED = run("oak-install", None)
AT_WORK = replace(QUEUED, started_at=QUEUED.queued_at + 0.001)
START = AT_WORK.started_at
CHAINS = [
    MachineProgress("oak", 5, 1, running=(AT_WORK,)),
    MachineProgress("elm", 3, 0, next="elm-reach"),
    MachineProgress("fir", 3, 1, next="fir-join", waits_for=("oak-update",)),
    MachineProgress("yew", 3, 1, next="yew-join", waits_for=("ash-update",), kept_by=("ash-update",)),
    MachineProgress(
        "ash", 2, 1, last=run("ash-update", "failed", reason="the switch failed:\n  more"), next="ash-update"
    ),
    MachineProgress("box", 2, 2, last=run("box-update")),
    MachineProgress("bay", 2, 2),
]


def test_the_live_table_has_a_row_for_each_machine_with_something_to_do() -> None:
    rows = [" ".join(text.split()) for text in drawn(CHAINS)]

    assert rows == [
        "oak 1/5 12.3 s install",
        "elm 0/3 reach waits for its server",
        "fir 1/3 join waits for oak-update",
        "yew 1/3 join cannot start: ash-update did not end well",
        "ash 1/2 2.0 s update failed: the switch failed",
        "box 2/2 2.0 s update applied",
        "1 machine has nothing to do",
        "1 min 1 s 8 of 20 steps done, 1 at work, 1 not well",
    ]


def test_a_step_that_waits_for_its_turn_is_told_from_one_at_work() -> None:
    reach, apply = run("pine-reach", None), run("blog-apply", None, machine="pine")
    chains = [
        *(MachineProgress("oak", 5, 1, running=(AT_WORK,)), MachineProgress("elm", 3, 1, running=(QUEUED,))),
        MachineProgress(
            "pine", 3, 1, running=(replace(reach, started_at=START), replace(apply, started_at=apply.queued_at))
        ),
    ]

    rows = [" ".join(text.split()) for text in drawn(chains)]

    assert rows[0] == "oak 1/5 12.3 s install"
    assert rows[1] == "elm 1/3 12.3 s install waits for its turn"
    assert rows[2].endswith("reach; blog apply waits for its turn"), "what takes no turns is at work at once"
    assert rows[3].endswith("2 at work, 2 waiting for a turn, 1 not well")


def test_in_a_large_fleet_what_is_at_work_is_shown_before_what_waits_for_its_turn() -> None:
    waiting = [MachineProgress(f"wait{number}", 2, 0, running=(QUEUED,)) for number in range(100)]

    text = "\n".join(drawn([*waiting, *CHAINS], rows=8))

    assert "oak" in text
    assert "the switch failed" in text


def test_a_fleet_that_is_larger_than_the_terminal_shows_what_is_at_work_or_has_failed() -> None:
    many = [*(MachineProgress(f"wait{number}", 2, 0, next=f"wait{number}-reach") for number in range(100)), *CHAINS]

    rows = drawn(many, rows=8)

    assert len(rows) <= 8
    text = "\n".join(rows)
    assert "install" in text
    assert "the switch failed" in text
    assert re.search(r"and \d+ that wait, 1 that are done", text)


def test_a_row_never_takes_two_lines() -> None:
    failed = run("oak-update", "failed", reason="long " * 100)

    assert len(drawn([MachineProgress("oak", 2, 1, last=failed, next="oak-update")], width=60)) == 2
