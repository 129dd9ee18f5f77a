"""Where faults enter: asked at each connection and each command. A healthy site has none."""

from typing import Protocol


class Faults(Protocol):
    """What may go wrong on machines, decided outside of them."""

    def refuses_connection(self, machine_id: str, port: int) -> bool:
        """Whether a new SSH connection is dropped before its first byte."""

    async def before_command(self, machine_id: str, command: str) -> int | None:
        """Runs before a command: may take its time, and may give the status the command fails with."""


class NoFaults:
    """A site on which everything works."""

    def refuses_connection(self, machine_id: str, port: int) -> bool:  # noqa: ARG002
        """Never."""
        return False

    async def before_command(self, machine_id: str, command: str) -> int | None:  # noqa: ARG002
        """Lets every command run at once."""
        return None
