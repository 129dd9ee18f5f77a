"""Implements `python -m fediversity.embedded_cloud.plugins NAME [address]`, which Pulumi starts as
`pulumi-resource-NAME`.
"""

import argparse
import asyncio
import gc
import os
import sys

from fediversity.embedded_cloud.plugins.registry import PACKAGES
from fediversity.project.embedded import missing_extra


def main() -> None:
    """Serves one package. Pulumi passes further options (logging, tracing), which are ignored."""
    parent = os.getppid()
    parser = argparse.ArgumentParser(
        prog="pulumi-resource", description="A simulated provider plug-in of the embedded cloud."
    )
    parser.add_argument("package", choices=PACKAGES)
    parser.add_argument("address", nargs="?", help="host:port of Pulumi's engine service")
    parser.add_argument("--tracing", help=argparse.SUPPRESS)
    arguments, _ = parser.parse_known_args()
    if problem := missing_extra():
        sys.exit(f"fediversity: {problem}")
    asyncio.run(_serve_until_end(arguments.package, arguments.address, parent))


async def _serve_until_end(package: str, address: str | None, parent: int) -> None:
    gc.disable()  # Imports leave no garbage, and Pulumi waits for them.
    from fediversity.embedded_cloud.plugins.serve import serve  # noqa: PLC0415 (see above)

    gc.enable()
    await serve(package, address, parent)
    # Exits at once: a thread that waits for a machine would keep the process alive. Its work is recorded in the store.
    os._exit(0)


if __name__ == "__main__":
    main()
