"""Small graph questions over names: is there a cycle, and in what order can things be done."""

from collections.abc import Iterable, Mapping


def find_cycle(edges: Mapping[str, Iterable[str]]) -> tuple[str, ...] | None:
    """Returns a cycle, as the names along it with the first one repeated at the end; None if there is none.

    `edges` maps each name to the names it waits for. The answer is the same for the same input.
    """
    done: set[str] = set()
    for start in sorted(edges):
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, list[str]]] = [(start, sorted(edges.get(start, ())))] if start not in done else []
        while stack:
            name, waiting = stack[-1]
            if name not in on_path:
                path.append(name)
                on_path.add(name)
            following = next((other for other in waiting if other not in done), None)
            if following is None:
                done.add(name)
                on_path.discard(name)
                path.pop()
                stack.pop()
            elif following in on_path:
                return (*path[path.index(following) :], following)
            else:
                stack.append((following, sorted(edges.get(following, ()))))
    return None


def in_order(edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Returns all names such that each comes after those it waits for; ties in the order of `edges`.

    Raises ValueError on a cycle; ask `find_cycle` first for its members.
    """
    waiting = {name: set(others) & set(edges) for name, others in edges.items()}
    ordered: list[str] = []
    while waiting:
        ready = next((name for name, others in waiting.items() if not others), None)
        if ready is None:
            raise ValueError(f"cycle among {', '.join(sorted(waiting))}")
        ordered.append(ready)
        del waiting[ready]
        for others in waiting.values():
            others.discard(ready)
    return tuple(ordered)
