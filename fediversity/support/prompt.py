"""The yes/no question."""

import sys


def can_ask() -> bool:
    """Whether a person can answer: standard input is a terminal."""
    return sys.stdin.isatty()


def confirm(question: str) -> bool:
    """Asks a question on the terminal. Returns True only for y or yes; no answer, and no terminal, is a no."""
    if not can_ask():
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False
