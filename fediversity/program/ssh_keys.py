"""Who may log in to the machines of a fleet."""

import hashlib
from dataclasses import dataclass

import pulumi

NOBODYS_KEY = f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{'A' * 43}"
"""A well-formed public key without a private half, for previews of a fleet whose operators are not written down yet."""


@dataclass(frozen=True)
class OperatorKey:
    """An SSH public key that every new machine accepts for root. `name` is unique in the fleet."""

    name: str
    public_key: pulumi.Input[str]


def operator_key(operator: str, line: str) -> OperatorKey:
    """Returns the key that stands in one line of OpenSSH, without its comment.

    It is named by its content, so adding, removing or reordering keys, or editing a comment, replaces none: Hetzner
    takes each key once, and a key that is deleted to be replaced may make Pulumi replace the servers that name it.
    """
    public_key = " ".join(line.split()[:2])
    return OperatorKey(f"{operator}-{hashlib.sha256(public_key.encode()).hexdigest()[:8]}", public_key)
