"""The one error of the stand-in tools: what a person reads before the tool exits 1."""

from fediversity.support.errors import FediversityError


class ToolError(FediversityError):
    """The tool cannot do what it was asked; the message says why in the words of the real tool where it has some."""
