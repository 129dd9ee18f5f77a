"""What a plug-in refuses, in words a person can act on."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from fediversity.support.errors import FediversityError

Refusal = Literal["already_exists", "not_found", "refused", "not_implemented", "failed"]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a resource's inputs. `path` is the property, e.g. `rules[0].port`; "" is the whole.

    The engine adds the resource's type and name to each.
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
    """An answer of a simulated API, in the form its real client prints: message and code."""
    return CloudError(f"{message} ({code}, simulated)", kind)


def did_you_mean(wrong: str, choices: Iterable[str]) -> str:
    """A hint to append: the nearest choice, or all of them when they are few."""
    known = sorted(choices)
    near = difflib.get_close_matches(wrong, known, n=1)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; choose one of {', '.join(known)}" if 0 < len(known) <= 30 else ""


def not_simulated(path: str, why: str = "") -> Problem:
    """A property that is real, but that the embedded cloud does not act out."""
    return Problem(path, f"is not simulated by the embedded cloud{': ' + why if why else ''}")
