"""`python -m fediversity.embedded_cloud.plugins NAME [address]`: what Pulumi starts as `pulumi-resource-NAME`."""

import argparse
import asyncio
import gc
import os
import sys

from fediversity.project.embedded import missing_extra
from fediversity.support.constants import LOCAL_PACKAGES


def main() -> None:
    """Serves one package. The engine adds options of its own (logging, tracing), which do not matter here."""
    parent = os.getppid()
    parser = argparse.ArgumentParser(
        prog="pulumi-resource", description="A simulated provider plug-in of the embedded cloud."
    )
    parser.add_argument("package", choices=LOCAL_PACKAGES)
    parser.add_argument("engine", nargs="?", help="host:port of the engine")
    parser.add_argument("--tracing", help=argparse.SUPPRESS)
    arguments, _ = parser.parse_known_args()
    if problem := missing_extra():
        sys.exit(f"fediversity: {problem}")
    asyncio.run(_until_over(arguments.package, arguments.engine, parent))


async def _until_over(package: str, engine: str | None, parent: int) -> None:
    gc.disable()  # what is imported makes no garbage, and the engine waits for it
    from fediversity.embedded_cloud.plugins.serve import serve  # noqa: PLC0415 (see above)

    gc.enable()
    await serve(package, engine, parent)
    # At once: a thread that still waits for a machine would keep the process. What it was making is on record.
    os._exit(0)


if __name__ == "__main__":
    main()
