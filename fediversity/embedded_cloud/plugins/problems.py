"""Defines the problems and errors that a plug-in reports to users."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fediversity.support.errors import FediversityError

Refusal = Literal["already_exists", "not_found", "refused", "not_implemented", "failed"]


@dataclass(frozen=True)
class Problem:
    """A problem of a resource's inputs. `path` is the property, e.g. `rules[0].port`; "" is the resource.

    Pulumi adds the resource's type and name to each.
    """

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


class CloudError(FediversityError):
    """The simulated cloud refuses an operation, as the real one would."""

    def __init__(self, message: str, kind: Refusal = "refused") -> None:
        super().__init__(message)
        self.kind = kind


def api_error(message: str, code: str, kind: Refusal = "refused") -> CloudError:
    """Returns an error of a simulated API in the format of its real client: message and code."""
    return CloudError(f"{message} ({code}, simulated)", kind)


def did_you_mean(value: str, choices: Iterable[str]) -> str:
    """Returns a hint for a message: the nearest choice, or all choices if they are few."""
    sorted_choices = sorted(choices)
    near = difflib.get_close_matches(value, sorted_choices, n=1)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; choose one of {', '.join(sorted_choices)}" if 0 < len(sorted_choices) <= 30 else ""


def not_simulated(path: str, why: str = "") -> Problem:
    """Returns the problem of a real property that the embedded cloud does not simulate."""
    return Problem(path, f"is not simulated by the embedded cloud{': ' + why if why else ''}")
