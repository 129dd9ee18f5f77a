"""Pulumi's LanguageRuntime, served from the process that has the program."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pulumi
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)

from fediversity.program.language_host import language_host
from fediversity.program.language_server import Run

SECONDS = 20.0


class Engine(engine_pb2_grpc.EngineServicer, resource_pb2_grpc.ResourceMonitorServicer):
    """The part of Pulumi that a program talks to: notes what is registered and what is said."""

    def __init__(self) -> None:
        self.registered: list[str] = []
        self.said: list[str] = []

    def Log(self, request: engine_pb2.LogRequest, _: Any) -> Any:  # noqa: N802
        self.said += [request.message] if request.severity >= engine_pb2.INFO else []
        return empty_pb2.Empty()

    def SupportsFeature(self, _: Any, __: Any) -> Any:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=False)

    def RegisterResource(self, request: Any, _: Any) -> Any:  # noqa: N802
        self.registered.append(request.name)
        return resource_pb2.RegisterResourceResponse(urn=f"urn:pulumi:dev::p::{request.type}::{request.name}")

    def RegisterResourceOutputs(self, _: Any, __: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, _: Any, __: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


@contextmanager
def serving(engine: Engine) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(8))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(engine, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


def run(program: Callable[[Run], None], *, times: int = 1, **config: str) -> tuple[Engine, Any]:
    """Has a program run as Pulumi does; gives what it registered and said, and the last answer."""
    engine = Engine()
    with serving(engine) as there, language_host(program) as address, grpc.insecure_channel(address) as channel:
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        for number in range(times):
            request = language_pb2.RunRequest(
                project="p", stack="dev", args=[there], monitor_address=there, dryRun=number == 0, config=config
            )
            answer = stub.Run(request, timeout=SECONDS, wait_for_ready=True)
    return engine, answer


def test_a_program_declares_to_the_engine_that_runs_it_and_knows_its_configuration() -> None:
    seen: list[tuple[str | None, bool, str]] = []

    def program(run: Run) -> None:
        pulumi.ComponentResource("a:b:C", "one")
        seen.append((pulumi.Config("garden").get("name"), run.preview, pulumi.get_stack()))
        assert run.config == {"garden:name": "rosa"}

    engine, answer = run(program, times=2, **{"garden:name": "rosa"})
    assert seen == [("rosa", True, "dev"), ("rosa", False, "dev")]
    assert engine.registered == ["p-dev", "one"] * 2, "the second run begins without anything of the first"
    assert (answer.error, answer.bail) == ("", False)


def test_what_is_wrong_is_said_once_and_nothing_more_is_asked() -> None:
    def program(_: Run) -> None:
        raise pulumi.RunError("Pulumi.dev.yaml cannot be used")

    engine, answer = run(program)
    assert engine.said == ["Pulumi.dev.yaml cannot be used"]
    assert answer.bail


def test_a_defect_of_the_program_is_said_with_its_place() -> None:
    def program(_: Run) -> None:
        raise ZeroDivisionError("by nothing")

    engine, answer = run(program)
    assert "ZeroDivisionError: by nothing" in engine.said[0]
    assert __file__ in engine.said[0]
    assert answer.bail


def test_what_it_does_not_have_is_answered_as_such() -> None:
    with language_host(lambda _: None) as address, grpc.insecure_channel(address) as channel:
        stub = language_pb2_grpc.LanguageRuntimeStub(channel)
        assert not stub.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(), timeout=SECONDS).packages
        with pytest.raises(grpc.RpcError) as refused:
            stub.Pack(language_pb2.PackRequest(), timeout=SECONDS)
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
