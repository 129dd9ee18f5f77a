"""`./just pulumi …`: Pulumi's own command line, with the backend of the stack that it is about."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from fediversity.project.settings import SettingsError
from fediversity.project.stack_file import read_settings
from fediversity.rollout.pulumi_commands import environment

_NAMED_LAST = (("cancel",), ("stack", "init"), ("stack", "select"), ("stack", "rm"))
"""Commands whose stack may stand without `--stack`."""

_KEEPER = re.compile(r"passphrase|default|[a-z]+://.*")
"""Values of `--secrets-provider`, which may stand by themselves."""


def named_stack(words: Sequence[str]) -> str | None:
    """The stack that a command line of Pulumi names; None if it leaves that to Pulumi."""
    for number, word in enumerate(words):
        if word in ("--stack", "-s"):
            return words[number + 1] if number + 1 < len(words) else None
        if word.startswith("--stack="):
            return word.partition("=")[2] or None
    for command in _NAMED_LAST:
        if tuple(words[: len(command)]) == command:
            rest = [word for word in words[len(command) :] if not word.startswith("-") and not _KEEPER.fullmatch(word)]
            return rest[0] if rest else None
    return None


def environment_for(words: Sequence[str], root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for such a command line.

    A stack whose settings cannot be read gets no backend of its own: Pulumi is asked for to look into just that.
    """
    stack = named_stack(words)
    if stack is None:
        return dict(environ)
    try:
        backend = read_settings(stack, root).backend
    except SettingsError:
        backend = None
    return environment(stack, environ, backend)


def run_passthrough(words: Sequence[str], root: Path) -> int:
    """Becomes Pulumi. Returns only where there is none: 127."""
    try:
        os.execvpe("pulumi", ["pulumi", *words], environment_for(words, root, os.environ))  # noqa: S606 (no shell wanted)
    except FileNotFoundError:
        return 127
