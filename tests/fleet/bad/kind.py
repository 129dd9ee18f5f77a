"""What a kind of bad fleet file is."""

from dataclasses import dataclass

from tests.fleet.good import GOOD, edited

PRIVATE_KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAA\\n"
    "-----END OPENSSH PRIVATE KEY-----"
)
"""As it is written in a double-quoted YAML text. Made up; no key begins like that and is so short."""


@dataclass(frozen=True)
class Bad:
    """A kind of bad file: `old` becomes `new`, and the problem stands on the line of `at`, about `field`.

    `what` and `fix` are words that its texts must hold. `also` is another edit, which is right by itself.
    """

    name: str
    old: str
    new: str
    at: str
    field: str
    what: str
    fix: str
    also: tuple[str, str] = ("", "")

    @property
    def text(self) -> str:
        """The bad file."""
        return edited(self.old, self.new, edited(*self.also) if self.also[0] else GOOD)
