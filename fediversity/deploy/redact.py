"""Taking secrets out of text before it is written anywhere."""

import re
from collections.abc import Iterable, Mapping

HIDDEN = "[redacted]"

_SHORTEST = 6
_SECRET_NAME = re.compile(r"(?i)(token|passphrase|password|secret|private_?key|credentials|api_?key)")
_LOOKS_SECRET = re.compile(
    r"AGE-SECRET-KEY-1[0-9A-Z]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?:.|\n)*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}"
    r"|\bya29\.[A-Za-z0-9_-]{20,}"
    r"|\bpul-[0-9a-f]{40}\b"
    r"|(?i:(?<=bearer )[A-Za-z0-9._~+/-]{16,}=*)"
    r"|(?i:(?<=password=)\S+|(?<=password: )\S+|(?<=token=)\S+|(?<=token: )\S+|(?<=passphrase=)\S+)"
)


class Redactor:
    """Hides the secrets it was given, and whatever looks like a key or a token.

    Values shorter than 6 characters are not hidden: they would be found everywhere.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({secret.strip() for secret in secrets} - {""}, key=len, reverse=True)
        self._known = [secret for secret in known if len(secret) >= _SHORTEST]

    def __call__(self, text: str) -> str:
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        return _LOOKS_SECRET.sub(HIDDEN, text)

    def with_secret(self, secret: str) -> "Redactor":
        """A redactor that hides one secret more."""
        return Redactor([*self._known, secret])


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """The values of the variables whose names say that they are secret."""
    return [value for name, value in environment.items() if _SECRET_NAME.search(name)]
