"""The one error of this room."""


class RefusedError(Exception):
    """The command is not carried out and nothing was changed; the text says why and what to do."""
