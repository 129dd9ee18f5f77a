"""How a person wants to see a rollout."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OutputOptions:
    """Without anything a live table on a terminal, and one plain line an event elsewhere.

    `plain`: lines on a terminal, too. `verbose`: Pulumi's own output as it comes. `events`: a file that gets each
    event as a line of JSON besides.
    """

    plain: bool = False
    verbose: bool = False
    events: Path | None = None
