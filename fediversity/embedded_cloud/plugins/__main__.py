"""`python -m fediversity.embedded_cloud.plugins NAME [address]`: what Pulumi starts as `pulumi-resource-NAME`.

`python -m fediversity.embedded_cloud.plugins together NAME…` serves several packages in one process, which Pulumi is
told where to find.
"""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from fediversity.project.embedded import missing_extra
from fediversity.support.constants import LOCAL_PACKAGES

TOGETHER = "together"


def main(words: list[str]) -> None:
    """Serves one package. The engine adds options of its own (logging, tracing), which do not matter here."""
    parent = os.getppid()
    if words[:1] == [TOGETHER]:
        many = argparse.ArgumentParser(prog=f"plugins {TOGETHER}", description="Several plug-ins in one process.")
        many.add_argument("--for", metavar="PID", help="who started it; read by those who look for what is left over")
        many.add_argument("packages", nargs="+", choices=LOCAL_PACKAGES)
        packages = many.parse_args(words[1:]).packages
        _require_extra()

        def serve_them() -> Coroutine[Any, Any, None]:
            from fediversity.embedded_cloud.plugins.serve import serve_many  # noqa: PLC0415 (see _until_over)

            return serve_many(packages)

        asyncio.run(_until_over(serve_them))
        return
    parser = argparse.ArgumentParser(
        prog="pulumi-resource", description="A simulated provider plug-in of the embedded cloud."
    )
    parser.add_argument("package", choices=LOCAL_PACKAGES)
    parser.add_argument("engine", nargs="?", help="host:port of the engine")
    parser.add_argument("--tracing", help=argparse.SUPPRESS)
    arguments, _ = parser.parse_known_args(words)
    _require_extra()

    def serve_it() -> Coroutine[Any, Any, None]:
        from fediversity.embedded_cloud.plugins.serve import serve  # noqa: PLC0415 (see _until_over)

        return serve(arguments.package, arguments.engine, parent)

    asyncio.run(_until_over(serve_it))


def _require_extra() -> None:
    if problem := missing_extra():
        sys.exit(f"fediversity: {problem}")


async def _until_over(serving: Callable[[], Coroutine[Any, Any, None]]) -> None:
    gc.disable()  # what is imported makes no garbage, and the engine waits for it
    over = serving()
    gc.enable()
    await over
    # At once: a thread that still waits for a machine would keep the process. What it was making is on record.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
