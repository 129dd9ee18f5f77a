"""Who may log in to the machines of a fleet."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class AccessKey:
    """An SSH public key that every new machine accepts for root. `name` is unique in the fleet."""

    name: str
    public_key: pulumi.Input[str]
