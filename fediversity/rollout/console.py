"""What a person sees of this room, apart from Pulumi's own output."""

import sys
from collections import Counter

from fediversity.rollout.pending_operations import Deployment


def say(text: str) -> None:
    print(f"fediversity: {text}", file=sys.stderr, flush=True)


def summary(stack: str, deployment: Deployment) -> list[str]:
    """The lines printed after `up`: what the stack consists of now."""
    kinds = Counter(
        resource["type"].partition(":")[0]
        for resource in deployment.get("resources") or ()
        if resource.get("custom") and not resource["type"].startswith("pulumi:") and not resource.get("delete")
    )
    if not kinds:
        return [f"{stack} is empty"]
    parts = ", ".join(f"{count} {package}" for package, count in sorted(kinds.items()))
    return [f"{stack} has {sum(kinds.values())} resources: {parts}"]
