"""The log file of one step: the output of its tool, without secrets."""

import os
import re
from collections import deque
from pathlib import Path

from fediversity.support.redact import Redactor

_LONGEST_LINE = 65536
_LONGEST_SECRET = 8192
_TAIL_LINES = 15
_LONGEST_TAIL_LINE = 400
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Log:
    """The log file of one step. Each line is redacted and flushed.

    `tail` has the last lines of the tool and the runner, short and printable.
    """

    def __init__(self, path: Path, redactor: Redactor) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")
        self._redactor = redactor
        self._rest = b""
        self._key_lines = 0
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def hide(self, secret: str) -> None:
        """Redacts one more secret from now on."""
        self._redactor = self._redactor.with_secret(secret)

    def redacted(self, text: str) -> str:
        """Returns the text as the log would have it."""
        return self._redactor(text)

    def feed(self, data: bytes) -> None:
        """Takes output, in any pieces. A line ends with `\\n`, `\\r` or both."""
        data = self._rest + data
        # The other half of a `\r\n` may come with the next piece.
        end = len(data) - 1 if data.endswith(b"\r") else len(data)
        lines = data[:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + data[end:]
        for line in lines:
            self._write(line)
        while len(self._rest) > _LONGEST_LINE:
            self._write_part()
        self._file.flush()

    def note(self, text: str) -> None:
        """Writes lines of the runner itself."""
        self.end_line()
        for line in text.splitlines():
            self._write(f"# {line}".encode())
        self._file.flush()

    def debug(self, text: str) -> None:
        """Writes lines for a person who looks for a fault; the tail, which reasons are made from, is without them."""
        tail = tuple(self.tail)
        self.note(text)
        self.tail.clear()
        self.tail.extend(tail)

    def end_line(self) -> None:
        """Writes the output that has no line end yet. The next output is of another process."""
        if self._rest:
            rest, self._rest = self._rest, b""
            self._write(rest.removesuffix(b"\r"))
            self._file.flush()
        self._key_lines = 0

    def close(self) -> None:
        """Closes the file. Nothing may be written afterwards."""
        try:
            self.end_line()
        finally:
            self._file.close()

    def _write_part(self) -> None:
        """Writes the first part of a line that is too long to keep, without splitting a secret."""
        text = self._rest[:_LONGEST_LINE].decode("utf-8", errors="surrogateescape")
        at = self._redactor.cut(text, len(text) - _LONGEST_SECRET) or len(text)
        part = text[:at].encode("utf-8", errors="surrogateescape")
        self._write(part)
        self._rest = self._rest[len(part) :]

    def _write(self, line: bytes) -> None:
        text, self._key_lines = self._redactor.line(line.decode("utf-8", errors="backslashreplace"), self._key_lines)
        self._file.write(text.encode("utf-8", errors="backslashreplace") + b"\n")
        if text.strip():
            self.tail.append(readable(text)[:_LONGEST_TAIL_LINE])


def readable(text: str) -> str:
    """Returns the text without colours and with other control characters escaped, for a terminal and the ledger."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", _COLOUR.sub("", text))
