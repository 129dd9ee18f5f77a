"""The packages that only the embedded cloud needs: the extra `embedded` of the distribution.

No room imports `fediversity.embedded_cloud`; this module lets a rollout be refused before Pulumi starts.
"""

import importlib.util

MODULES = ("asyncssh", "grpc")
"""What the extra brings, by the names that are imported."""


def missing_extra() -> str | None:
    """Returns what is missing for the embedded cloud and how to get it; None if everything is installed."""
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    return (
        f"the embedded cloud (simulated machines and plug-ins) needs {' and '.join(missing)}, "
        f"which this Python does not have\n"
        f"    fix: pip install 'fediversity[embedded]'; in a checkout: pip install -r requirements.txt, or start ./just"
    )
