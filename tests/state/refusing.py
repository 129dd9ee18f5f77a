"""What the stand-ins share: how they refuse, and what they remember."""

from collections.abc import Mapping
from typing import Any

EMPTY: dict[str, Any] = {"calls": [], "gcs": {}, "rings": {}, "s3": {}, "keys": {}, "aliases": {}, "taken": []}
Cloud = dict[str, Any]
Flags = Mapping[str, str]


class RefusedError(Exception):
    """The tool ends with this status, and with this on stderr."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text
