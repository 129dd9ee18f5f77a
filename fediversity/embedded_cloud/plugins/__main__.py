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
    """Serves one package. Pulumi passes further options (logging, tracing), which are ignored."""
    parent = os.getppid()
    if words[:1] == [TOGETHER]:
        many = argparse.ArgumentParser(prog=f"plugins {TOGETHER}", description="Several plug-ins in one process.")
        many.add_argument("--for", metavar="PID", help="who started it; read by those who look for what is left over")
        many.add_argument("packages", nargs="+", choices=LOCAL_PACKAGES)
        packages = many.parse_args(words[1:]).packages
        _require_extra()

        def serve_them() -> Coroutine[Any, Any, None]:
            from fediversity.embedded_cloud.plugins.serve import serve_many  # noqa: PLC0415 (see _serve_until_end)

            return serve_many(packages)

        asyncio.run(_serve_until_end(serve_them))
        return
    parser = argparse.ArgumentParser(
        prog="pulumi-resource", description="A simulated provider plug-in of the embedded cloud."
    )
    parser.add_argument("package", choices=LOCAL_PACKAGES)
    parser.add_argument("address", nargs="?", help="host:port of Pulumi's engine service")
    parser.add_argument("--tracing", help=argparse.SUPPRESS)
    arguments, _ = parser.parse_known_args(words)
    _require_extra()

    def serve_it() -> Coroutine[Any, Any, None]:
        from fediversity.embedded_cloud.plugins.serve import serve  # noqa: PLC0415 (see _serve_until_end)

        return serve(arguments.package, arguments.address, parent)

    asyncio.run(_serve_until_end(serve_it))


def _require_extra() -> None:
    if problem := missing_extra():
        sys.exit(f"fediversity: {problem}")


async def _serve_until_end(serving: Callable[[], Coroutine[Any, Any, None]]) -> None:
    gc.disable()  # Imports leave no garbage, and Pulumi waits for them.
    over = serving()
    gc.enable()
    await over
    # Exits at once: a thread that waits for a machine would keep the process alive. Its work is recorded in the store.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
