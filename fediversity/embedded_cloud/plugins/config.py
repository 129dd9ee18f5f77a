"""Checks provider configuration: that it is for the embedded cloud of the right stack.

A real credential must never reach a simulated cloud, and the name of a simulated one must never reach a real provider:
an endpoint must be `simulated:<stack>` and a token `simulated`. Messages never repeat a refused value: it may be a
secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fediversity.embedded_cloud.folders import is_stack_name
from fediversity.embedded_cloud.plugins.problems import Problem, did_you_mean
from fediversity.embedded_cloud.plugins.values import UNKNOWN, Values, public, without_nulls

SIMULATED = "simulated"
_PULUMI_KEYS = frozenset({"version", "pluginDownloadURL"})

Kind = Literal["endpoint", "stack", "literal", "text"]


@dataclass(frozen=True)
class Setting:
    """One setting of a provider.

    `endpoint` must be `simulated:<stack>`, `stack` the stack's name, `literal` the word `simulated`; `text` is free.
    """

    name: str
    kind: Kind = "text"
    required: bool = True


@dataclass(frozen=True)
class Config:
    """The settings of a package's provider."""

    settings: tuple[Setting, ...] = ()

    def check(self, inputs: Mapping[str, Any], stack: str) -> list[Problem]:
        """Returns all problems of a provider's inputs for a stack. No problem repeats a value."""
        values = self._given(inputs)
        names = {setting.name for setting in self.settings}
        problems = [
            Problem(name, f"is not a setting of this simulated provider{did_you_mean(name, names)}")
            for name in values
            if name not in names
        ]
        for setting in self.settings:
            if setting.name in values:
                problems += _check(setting, values[setting.name], stack)
            elif setting.required:
                problems.append(Problem(setting.name, f"is missing; {_expected(setting, stack)}"))
        return problems

    def changed(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, bool]:
        """Returns the changed settings, and whether each selects another cloud, which replaces every resource."""
        old, new = self._given(olds), self._given(news)
        elsewhere = {setting.name for setting in self.settings if setting.kind in {"endpoint", "stack"}}
        return {name: name in elsewhere for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)}

    @staticmethod
    def _given(inputs: Mapping[str, Any]) -> Values:
        return {name: value for name, value in without_nulls(public(inputs)).items() if name not in _PULUMI_KEYS}


def _check(setting: Setting, value: Any, stack: str) -> list[Problem]:
    if value is UNKNOWN:
        return []
    expected = {"endpoint": f"{SIMULATED}:{stack}", "stack": stack, "literal": SIMULATED}
    if setting.kind == "text":
        return [] if isinstance(value, str) else [Problem(setting.name, "must be a string")]
    if value == expected[setting.kind] and is_stack_name(stack):
        return []
    return [Problem(setting.name, f"is refused: this is a simulated provider; {_expected(setting, stack)}")]


def _expected(setting: Setting, stack: str) -> str:
    return {
        "endpoint": f'it must be "{SIMULATED}:{stack}", because a real API is never called from here',
        "stack": f'it must be the name of this stack, "{stack}"',
        "literal": f'it must be "{SIMULATED}", because a real credential or project never belongs here',
        "text": "give it a value",
    }[setting.kind]
