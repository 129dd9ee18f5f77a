"""What answers Pulumi when it runs a program that is in this process (see `language_host`)."""

import asyncio
import contextvars
import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import Settings, configure, run_in_stack, set_all_config
from pulumi.runtime.proto import language_pb2, plugin_pb2
from pulumi.runtime.settings import ROOT

from fediversity.program import declare  # noqa: F401 (loaded while Pulumi starts)

_THREADS_A_RESOURCE = 4  # as in Pulumi's own launcher of Python programs


@dataclass(frozen=True)
class Run:
    """One run of the program. `config` is the stack's configuration as Pulumi has it, by full names."""

    config: Mapping[str, str]
    preview: bool


class LanguageServer:
    """Runs a program whenever Pulumi asks for it, in an event loop of its own."""

    def __init__(self, program: Callable[[Run], None]) -> None:
        self.program = program

    def answer(self, method: str, request: bytes, context: Any) -> bytes:
        """The answer to a request, both as they are on the wire."""
        said: Any
        match method:
            case "Run":
                said = self._run(language_pb2.RunRequest.FromString(request))
            case "GetPluginInfo":
                said = plugin_pb2.PluginInfo()
            case "GetRequiredPackages":
                # Which official plug-ins are needed is known before, and they are installed then.
                said = language_pb2.GetRequiredPackagesResponse()
            case "About":
                said = language_pb2.AboutResponse(executable=sys.executable, version=sys.version.partition(" ")[0])
            case "Cancel":
                said = empty_pb2.Empty()
            case _:
                context.abort(grpc.StatusCode.UNIMPLEMENTED, f"this language host does not have {method}")
        return bytes(said.SerializeToString())

    def _run(self, request: language_pb2.RunRequest) -> language_pb2.RunResponse:
        # What the SDK keeps of a run is in context variables: the next run begins without it.
        return contextvars.copy_context().run(self._run_here, request)

    def _run_here(self, request: language_pb2.RunRequest) -> language_pb2.RunResponse:
        # Whatever fails is told by Pulumi; of what is left undone then, asyncio would complain on the terminal.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        ROOT.set(None)
        configure(
            Settings(
                project=request.project,
                stack=request.stack,
                monitor=request.monitor_address,
                engine=request.args[0] if request.args else "",
                parallel=request.parallel,
                dry_run=request.dryRun,
                organization=request.organization or "organization",
                root_directory=request.info.root_directory,
            )
        )
        set_all_config(dict(request.config), list(request.configSecretKeys))
        run = Run(dict(request.config), request.dryRun)
        # A program that has said what is wrong bails: Pulumi then adds no error of its own.
        said = language_pb2.RunResponse(bail=True)
        try:
            with _loop(max(request.parallel, 1) * _THREADS_A_RESOURCE) as loop:
                loop.run_until_complete(run_in_stack(lambda: self.program(run)))
        except pulumi.RunError as error:
            pulumi.log.error(str(error))
            return said
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                pulumi.log.error(f"RPC error: {error.details()}")
            # Otherwise Pulumi is ending, and says why itself.
            return said
        except Exception:
            pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
            return said
        return language_pb2.RunResponse()


@contextmanager
def _loop(threads: int) -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop; what is left in it at the end is cancelled."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(ThreadPoolExecutor(threads))
    try:
        yield loop
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                loop.run_until_complete(task)
        loop.close()
