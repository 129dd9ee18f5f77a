"""Reading YAML so that every value knows its line, and nothing is guessed.

YAML's own conveniences that surprise people are refused or switched off: a key given twice, `yes` for true, `1:30` for
90 and other numbers that are not decimal are errors, and dates stay text. Aliases, merges and tags of other programs
are not needed in a fleet file and are refused.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from fediversity.fleet.diagnostics import Finding, LineMap, Location, Problem

# The parser in C is several times faster; every command reads a fleet file.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_DEEPEST = 40
"""Levels of nesting that are read. The models need 10; what reads deeper nesting by recursion can crash the process."""

_STANDARD = "tag:yaml.org,2002:"
_TEXT_TAGS = frozenset(_STANDARD + name for name in ("str", "timestamp", "value", "merge"))
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)")

_MOST_DIGITS = 18  # a 64-bit number
_FRACTION = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]+)?")


@dataclass(frozen=True)
class Source:
    """What was read from one YAML document.

    `data` is plain data, or None when nothing could be read. `problems` are those of the YAML itself. `unread` are the
    places whose value is not known because of them: what later checks say about such a place means nothing.
    """

    data: Any
    lines: LineMap
    problems: tuple[Problem, ...] = ()
    unread: frozenset[Location] = frozenset()


def read_yaml(text: str, file: str) -> Source:
    """Reads one YAML document. `file` is how messages call the file. Never raises for bad content."""
    try:
        _refuse_depth(text)
        node = yaml.compose(text, Loader=_LOADER)
    except (yaml.YAMLError, UnicodeError) as error:
        return Source(None, LineMap(file), (_syntax_problem(error, text, file),))
    if node is None:
        return Source(None, LineMap(file), (Problem(file, 0, "", "the file is empty", "start with `version: 1`"),))
    reader = _Reader(file)
    data = reader.value(node, ())
    return Source(data, LineMap(file, reader.lines), tuple(reader.problems), frozenset(reader.unread))


@dataclass
class _Reader:
    """Turns composed YAML nodes into plain values and remembers where they stood."""

    file: str
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[Location] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)

    def value(self, node: yaml.Node, where: Location) -> Any:
        if id(node) in self._seen:
            # The node is where the anchor is; the alias itself leaves no trace but its key.
            line = LineMap(self.file, self.lines).line(where)
            return self._unread(line, where, "an alias (`*name`) is used", "write the value out where it is needed")
        self._seen.add(id(node))
        self.lines.setdefault(where, _line(node))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_STANDARD}map":
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_STANDARD}seq":
            return [self.value(item, (*where, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, where)
        return self._foreign(node, where)

    def _scalar(self, node: yaml.ScalarNode, where: Location) -> Any:
        if node.tag in _TEXT_TAGS:
            return node.value
        convert = _CONVERTERS.get(node.tag)
        if convert is None:
            return self._foreign(node, where)
        try:
            return convert(node.value)
        except ValueError as error:
            return self._unread(
                _line(node), where, f"'{node.value}' {error}", f"{_PLAIN[node.tag]}, or put text in quotes"
            )

    def _mapping(self, node: yaml.MappingNode, where: Location) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == f"{_STANDARD}merge":
                self._unread(
                    _line(key_node), where, "a merge (`<<`) is used", "write the keys out where they are needed"
                )
            elif not isinstance(key_node, yaml.ScalarNode):
                self._unread(_line(key_node), where, "a key that is not plain text", "write `name: value` lines only")
            elif key_node.value in result:
                here = (*where, key_node.value)
                self._unread(
                    _line(key_node), here, f"given twice (first on line {self.lines[here]})", "keep one of the two"
                )
            else:
                here = (*where, key_node.value)
                self.lines[here] = _line(key_node)
                result[key_node.value] = self.value(value_node, here)
        return result

    def _foreign(self, node: yaml.Node, where: Location) -> None:
        tag = str(node.tag).replace(_STANDARD, "!!")
        self._unread(_line(node), where, f"the YAML tag '{tag}' is used", "write a plain value, without a tag")

    def _unread(self, line: int, where: Location, what: str, fix: str) -> None:
        self.unread.add(where)
        self.problems.append(LineMap(self.file, {where: line}).problem(Finding(where, what, fix)))


def _line(node: yaml.Node) -> int:
    line: int = node.start_mark.line
    return line + 1


def _whole_number(text: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise ValueError("is not a plain decimal number")
    if len(text) > _MOST_DIGITS:
        raise ValueError("is too large a number")
    return int(text)


def _number(text: str) -> float:
    if not _FRACTION.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError("is not a plain decimal number")
    return float(text)


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("would be read as true or false")
    return text.lower() == "true"


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    f"{_STANDARD}null": lambda _text: None,
    f"{_STANDARD}bool": _truth,
    f"{_STANDARD}int": _whole_number,
    f"{_STANDARD}float": _number,
}

_PLAIN = {
    f"{_STANDARD}bool": "write true or false",
    f"{_STANDARD}int": "write digits only, without a leading zero",
    f"{_STANDARD}float": "write a decimal number",
}


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                mark: Any = event.start_mark  # one of two classes, by parser; both know their line
                raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _syntax_problem(error: Exception, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = 0
    if mark is not None:
        line = mark.line + 1
    elif isinstance(error, yaml.reader.ReaderError):
        # The two parsers count its position in bytes and in characters: look for the character itself.
        line = text.count("\n", 0, max(0, text.find(chr(error.character)))) + 1
    said = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable")
    fix = next((fix for sign, fix in _SYNTAX_FIXES.items() if sign in said), _SYNTAX_FIX)
    if _starts_with_tab(text, line):
        said, fix = "a tab stands in the indentation", "indent with spaces"
    return Problem(file, line, "", f"not valid YAML: {said}", fix)


def _starts_with_tab(text: str, line: int) -> bool:
    lines = text.splitlines()
    indentation = re.match(r"\s*", lines[line - 1]) if 0 < line <= len(lines) else None
    return indentation is not None and "\t" in indentation[0]


_SYNTAX_FIX = "check the indentation and the quotes on and above this line"
_SYNTAX_FIXES = {
    "cannot start any token": "put the value in quotes: '@', '`' and '%' mean something in YAML",
    "undefined alias": "put the value in quotes: '*' means something in YAML",
    "another document": "keep one document: remove the line `---` and what does not belong to this fleet",
    "control characters": "remove the character; an editor shows it when it shows hidden characters",
    "nested too deeply": f"keep it to {_DEEPEST} levels",
    "mapping values are not allowed": "put a value with ': ' in it in quotes, or correct the indentation",
}
