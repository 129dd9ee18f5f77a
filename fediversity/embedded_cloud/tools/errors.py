"""Defines the error of the simulated tools, which a user sees before the tool exits with 1."""

from fediversity.support.errors import FediversityError


class ToolError(FediversityError):
    """The tool cannot do what was requested; the message is that of the real tool, if it has one."""
