"""Serves Pulumi's LanguageRuntime protocol from this process, so that a program runs here with a plan made here.

Pulumi's Automation API runs its inline programs in the same way (`--client`). Otherwise Pulumi starts a language host,
asks pip for a list of all packages, starts a second Python, imports everything anew and plans anew: half of the time
that a rollout without changes takes. `grpc` alone is loaded before the host listens; Pulumi's SDK is loaded while
Pulumi starts.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc

if TYPE_CHECKING:
    from fediversity.program.language_server import LanguageServer, Run

_SERVICE = "pulumirpc.LanguageRuntime"
_METHODS = ("Handshake", "GetPluginInfo", "GetRequiredPackages", "About", "Run", "Cancel")
_THREADS = 8


@contextmanager
def language_host(program: "Callable[[Run], None]") -> Iterator[str]:
    """Serves a program on a free port of 127.0.0.1 and yields `host:port`.

    `program` is called for each run that Pulumi asks for, with what it said of the run, and declares its resources.
    """
    loaded: list[LanguageServer] = []
    failed: list[BaseException] = []
    ready = threading.Event()

    def load() -> None:
        try:
            from fediversity.program.language_server import LanguageServer  # noqa: PLC0415 (while Pulumi starts)

            loaded.append(LanguageServer(program))
        except BaseException as error:
            failed.append(error)
        ready.set()

    def answer(method: str) -> "Callable[[bytes, Any], bytes]":
        def handle(request: bytes, context: Any) -> bytes:
            ready.wait()
            if failed:
                context.abort(grpc.StatusCode.INTERNAL, f"the program cannot be loaded: {failed[0]}")
            return loaded[0].answer(method, request, context)

        return handle

    methods = {name: grpc.unary_unary_rpc_method_handler(answer(name)) for name in _METHODS}
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    threading.Thread(target=load, daemon=True).start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None)
