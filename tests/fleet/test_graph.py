"""Cycles and orders of small graphs, compared with what trying everything finds."""

import itertools
import random
from collections.abc import Iterator

import pytest

from fediversity.fleet.graph import find_cycle, in_order

Graph = dict[str, frozenset[str]]


def all_graphs(names: str) -> Iterator[Graph]:
    """Every graph over a few names, edges to oneself included."""
    edges = list(itertools.product(names, names))
    for chosen in itertools.product([False, True], repeat=len(edges)):
        taken = [edge for edge, is_taken in zip(edges, chosen, strict=True) if is_taken]
        yield {name: frozenset(other for start, other in taken if start == name) for name in names}


def random_graph(seed: int) -> Graph:
    chance = random.Random(seed)  # noqa: S311 (what is wanted is the same chance each time)
    names = [f"m{number}" for number in range(chance.randrange(1, 9))]
    share = chance.choice([0.05, 0.15, 0.3])
    return {name: frozenset(other for other in names if chance.random() < share) for name in names}


GRAPHS = [*all_graphs("abc"), *map(random_graph, range(300))]


def can_be_ordered(graph: Graph) -> bool:
    """Whether taking away what waits for nothing, again and again, leaves nothing."""
    left = dict(graph)
    while ready := [name for name, others in left.items() if not others & set(left)]:
        for name in ready:
            del left[name]
    return not left


def test_a_cycle_is_found_exactly_where_there_is_one() -> None:
    assert {find_cycle(graph) is None for graph in GRAPHS} == {True, False}, "both kinds are there"
    for graph in GRAPHS:
        assert (find_cycle(graph) is None) == can_be_ordered(graph), graph


def test_a_found_cycle_is_one_of_the_graph_and_passes_each_name_once() -> None:
    for graph in GRAPHS:
        cycle = find_cycle(graph)
        if cycle is not None:
            assert cycle[0] == cycle[-1]
            assert len(set(cycle)) == len(cycle) - 1
            assert all(other in graph[name] for name, other in itertools.pairwise(cycle))


def test_the_answer_does_not_depend_on_the_order_of_the_graph() -> None:
    for graph in GRAPHS:
        backwards = {name: sorted(graph[name], reverse=True) for name in reversed(graph)}
        assert find_cycle(graph) == find_cycle(backwards)


def test_an_order_puts_each_name_behind_those_it_waits_for() -> None:
    for graph in GRAPHS:
        if find_cycle(graph) is None:
            ordered = in_order(graph)
            assert sorted(ordered) == sorted(graph)
            assert all(ordered.index(other) < ordered.index(name) for name in graph for other in graph[name])


def test_an_order_of_a_cycle_is_refused_with_its_members() -> None:
    with pytest.raises(ValueError, match="cycle among a, b"):
        in_order({"a": {"b"}, "b": {"a"}, "c": set()})


def test_what_may_come_in_any_order_stays_in_the_given_one() -> None:
    assert in_order({"c": [], "a": [], "b": ["c"]}) == ("c", "a", "b")


def test_a_name_that_is_only_waited_for_is_no_part_of_a_cycle_or_an_order() -> None:
    assert find_cycle({"a": ["elsewhere"]}) is None
    assert in_order({"a": ["elsewhere"]}) == ("a",)


def test_a_long_chain_is_walked_without_recursion() -> None:
    chain = {f"m{number}": [f"m{number + 1}"] for number in range(5000)}
    assert find_cycle(chain) is None
    chain["m5000"] = ["m0"]
    assert len(find_cycle(chain) or ()) == 5002
