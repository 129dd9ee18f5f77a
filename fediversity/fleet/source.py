"""Reading YAML so that every value knows its line, and nothing is guessed.

YAML's own conveniences that surprise people are refused or switched off: a key given twice is an error, and dates
stay text. Aliases and merges are not needed in a fleet file and are refused.
"""

import math
from typing import Any

import yaml

from fediversity.fleet.problems import Finding, LineMap, Location, Problem

# The parser in C is several times faster; every command reads a fleet file.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT_TAGS = {"tag:yaml.org,2002:timestamp"}


class _Reader:
    """Turns composed YAML nodes into plain values and remembers where they stood."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Location, int] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()
        self._constructor = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, where: Location) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if id(node) in self._seen:
            self._refuse(node, where, "an alias (`*name`) is used", "write the value out where it is needed")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*where, index)) for index, item in enumerate(node.value)]
        if node.tag in _TEXT_TAGS:
            return node.value
        return self._scalar(node, where)

    def _scalar(self, node: yaml.Node, where: Location) -> Any:
        try:
            value = self._constructor.construct_object(node)
        except (yaml.YAMLError, ValueError):
            value = node  # of no kind that a fleet file can hold
        if value is None or (isinstance(value, str | int | float) and _is_finite(value)):
            return value
        kind = node.tag.rpartition(":")[2]
        self._refuse(node, where, f"a value of the YAML kind '{kind}'", "write plain text, a number, true or false")
        return None

    def _mapping(self, node: yaml.MappingNode, where: Location) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str) or key_node.tag == "tag:yaml.org,2002:merge":
                self._refuse(key_node, where, "a key that is not plain text", "write `name: value` lines only")
                continue
            here = (*where, key)
            if key in result:
                first = self.lines[here]
                self._refuse(key_node, here, f"given twice (first on line {first})", "keep one of the two")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            result[key] = self.value(value_node, here)
        return result

    def _refuse(self, node: yaml.Node, where: Location, what: str, fix: str) -> None:
        place = LineMap(self.file, {where: node.start_mark.line + 1})
        self.problems.append(place.problem(Finding(where, what, fix)))


def read_yaml(text: str, file: str) -> tuple[Any, LineMap, list[Problem]]:
    """Reads one YAML document.

    Returns the plain data (None when it could not be read at all), the lines of everything in it, and the problems
    of the YAML itself. `file` is how messages call the file. Never raises for bad content.
    """
    reader = _Reader(file)
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = mark.line + 1 if mark else 0
        return None, LineMap(file), [Problem(file, line, "", f"not valid YAML: {_first_line(error)}", _YAML_FIX)]
    if node is None:
        return None, LineMap(file), [Problem(file, 0, "", "the file is empty", "start with `version: 1`")]
    data = reader.value(node, ())
    return data, LineMap(file, reader.lines), reader.problems


_YAML_FIX = "check the indentation and the quotes on and above this line"


def _is_finite(value: str | int | float) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _first_line(error: Exception) -> str:
    problem = getattr(error, "problem", None)
    return str(problem) if problem else str(error).splitlines()[0]
