"""The base of every error that a person can act on, and those that belong to no room."""


class FediversityError(Exception):
    """Something a person has to correct. The command that raises it ends with one clear message and no traceback.

    `message` says what was found, `fix` what to do about it, `place` where it is (a file, a line, an option). The last
    two may be empty, where the message says it all. No text holds a secret.
    """

    def __init__(self, message: str = "", fix: str = "", place: str = "") -> None:
        self.message = message
        self.fix = fix
        self.place = place
        super().__init__(message)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}\n    fix: {self.fix}" if self.fix else text


class UsageError(FediversityError):
    """A command was asked for something that does not exist or makes no sense: a name, a number, a stack of a kind."""


class RefusedError(FediversityError):
    """A command is not carried out and nothing was changed; the text says why and what to do."""
