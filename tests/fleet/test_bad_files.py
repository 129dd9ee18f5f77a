"""A bad fleet file is refused with every problem, each with its line, its field and a fix."""

from pathlib import Path

import pytest

from fediversity.fleet.diagnostics import FleetError, Problem
from fediversity.fleet.load import load_fleet, parse_fleet
from tests.fleet.bad import BAD_FILES, PRIVATE_KEY, Bad
from tests.fleet.good import GOOD, edited, line_of


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(FleetError) as refused:
        parse_fleet(text, "fleet.yaml")
    return refused.value.problems


def test_the_file_that_is_made_bad_is_good() -> None:
    assert set(parse_fleet(GOOD, "fleet.yaml").machines) == {"oak", "elm", "ash", "yew", "moss", "fern"}


def test_there_are_at_least_a_hundred_kinds_and_no_two_have_one_name() -> None:
    names = [bad.name for bad in BAD_FILES]
    assert len(set(names)) == len(names) >= 100


@pytest.mark.parametrize("bad", BAD_FILES, ids=lambda bad: bad.name.replace(" ", "-"))
def test_a_bad_file_is_refused_with_one_problem_on_its_line_and_a_fix(bad: Bad) -> None:
    found = problems(bad.text)
    assert len(found) == 1, "one cause is one problem:\n" + "\n".join(map(str, found))
    assert (found[0].file, found[0].line) == ("fleet.yaml", line_of(bad.at, bad.text))
    assert found[0].field == bad.field
    assert bad.what in found[0].what
    assert bad.fix in found[0].fix


def test_a_message_repeats_no_secret_and_stays_readable() -> None:
    for bad in BAD_FILES:
        (problem,) = problems(bad.text)
        for secret in ("hunter2", "PRIVATE KEY", *PRIVATE_KEY.split("\\n")):
            assert secret not in str(problem)
        lines = str(problem).splitlines()
        assert len(lines) == 2, "what, and the fix"
        assert all(line.isprintable() and len(line) < 300 for line in lines)


def test_mixed_problems_in_several_parts_are_said_in_one_go_in_the_file_s_order() -> None:
    text = edited("cx23", "cx99")  # a wrong field sets the machine oak aside
    text = edited("    mesh: roots\n", "    mesh: roots\n    colour: green\n", text)  # and moss
    text = edited("after: ['tag:cloud']", "after: [nobody]", text)  # between entries, in a machine that is right
    text = edited("name: www", "name: ash", text)  # between records of a zone
    text = edited("location: europe-west1", "location: mars", text)
    text = edited("machine: yew", "machine: fern", text)
    assert [(problem.line, problem.field) for problem in problems(text)] == [
        (line_of("cx99", text), "machines.oak.provider.server_type"),
        (line_of("[nobody]", text), "machines.ash.after[0]"),
        (line_of("colour", text), "machines.moss.colour"),
        (line_of("CNAME", text), "dns.zones.garden.example.records[2]"),
        (line_of("mars", text), "buckets.garden-media.location"),
        (line_of("    machine: fern", text), "deployments.birds.machine"),
    ]


def test_what_only_follows_from_another_problem_is_left_out() -> None:
    """oak is a controller, a record's machine, somebody's `after` and the holder of a tag; roots is a mesh."""
    text = edited("server_type: cx23", "server_type: cx99")
    text = edited("module: zerotier", "module: zero", text)
    assert [problem.field for problem in problems(text)] == [
        "machines.oak.provider.server_type",
        "instances.roots.module",
    ]


def test_a_name_that_is_nobody_s_is_reported_although_another_machine_is_set_aside() -> None:
    text = edited("after: [oak]", "after: [oka]", edited("system: aarch64-darwin", "system: beos"))
    assert [problem.what for problem in problems(text)] == [
        "unknown machine 'oka'",
        "'beos' is not allowed here",
    ]


def test_a_wrong_head_of_the_file_does_not_hide_what_is_wrong_below() -> None:
    text = edited("version: 1", "version: 7", edited("name: garden\n", "name: My Garden\n"))
    text = edited("after: [oak]", "after: [oka]", text)
    assert [problem.field for problem in problems(text)] == ["version", "name", "machines.elm.after[0]"]


def test_problems_of_the_yaml_itself_come_together_with_the_others() -> None:
    text = edited("tags: [spare]", "tags: [spare]\n    tags: [other]", edited("after: [oak]", "after: [oka]"))
    assert [(problem.field, problem.line) for problem in problems(text)] == [
        ("machines.elm.after[0]", line_of("[oka]", text)),
        ("machines.yew.tags", line_of("[other]", text)),
    ]


def test_every_cycle_is_reported_by_its_members() -> None:
    text = edited("after: [oak]", "after: [ash]", edited("    mesh: roots\n", "    mesh: roots\n    after: [fern]\n"))
    assert [problem.what for problem in problems(text)] == [
        "a cycle: ash waits for elm waits for ash",
        "a cycle: fern waits for moss waits for fern",
    ]


def test_a_fleet_without_machines_is_refused() -> None:
    (problem,) = problems("version: 1\nname: garden\ndomain: mesh\nmachines: {}\n")
    assert (problem.line, problem.field, problem.fix) == (4, "machines", "list at least one")


def test_every_problem_carries_the_name_of_the_file_it_was_read_from(tmp_path: Path) -> None:
    file = tmp_path / "dev.yaml"
    file.write_text(edited("cx23", "cx99"))
    with pytest.raises(FleetError) as refused:
        load_fleet(file)
    line = line_of("cx99", file.read_text())
    assert str(refused.value).startswith(f"{file}:{line}: machines.oak.provider.server_type: unknown Hetzner")
    assert str(refused.value).endswith(f"1 problem in {file}; nothing was changed.")


def test_a_former_name_leads_to_one_machine_that_is_not_retired() -> None:
    head = "machineClass: nixos\n    system: x86_64-linux\n    "
    text = edited(f"{head}tags: [cloud, web]", f"{head}formerly: [alder]\n    tags: [cloud, web]")
    text = edited(f"{head}tags: [spare]", f"{head}formerly: [alder]\n    tags: [spare]", text)
    text = edited("buckets:\n", "retired: {alder: '7'}\nbuckets:\n", text)
    assert [(problem.field, problem.what) for problem in problems(text)] == [
        ("machines.yew.formerly[0]", "'alder' was 'oak' as well"),
        ("retired.alder", "'alder' is what 'oak' was called before"),
        ("retired.alder", "'alder' is what 'yew' was called before"),
    ]
