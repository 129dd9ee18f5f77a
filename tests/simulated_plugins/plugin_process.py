"""Runs a plug-in as Pulumi starts it: a process that prints its port, and a client of the protocol."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2

from fediversity.embedded_cloud.plugins.protobuf_values import plain, structure
from fediversity.embedded_cloud.plugins.protos import provider_pb2, provider_pb2_grpc
from fediversity.embedded_cloud.plugins.values import Values

SSH_KEY = "hcloud:index/sshKey:SshKey"
PRIMARY_IP = "hcloud:index/primaryIp:PrimaryIp"
SERVER = "hcloud:index/server:Server"
SITE = "simulated:index:Site"
HOST = "simulated:index:Host"
COMMAND = "command:local:Command"
HCLOUD = {"endpoint": "simulated:dev", "token": "simulated"}

SECONDS = 20.0


class Plugin:
    """One plug-in process in a project folder; it ends on leaving the context."""

    def __init__(self, project: Path, package: str, **environment: str) -> None:
        self.provider_urn = f"urn:pulumi:dev::project::pulumi:providers:{package}::local"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fediversity.embedded_cloud.plugins", package],
            cwd=project,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)

    def __enter__(self) -> "Plugin":
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait(SECONDS)

    def urn(self, token: str, name: str) -> str:
        """Returns the URN of a resource of the stack `dev`, below a component."""
        return f"urn:pulumi:dev::project::fediversity:machines:Server${token}::{name}"

    def check_config(self, **inputs: Any) -> list[str]:
        """Returns the problems of a configuration."""
        request = provider_pb2.CheckRequest(urn=self.provider_urn, news=structure(inputs))
        answer = self.stub.CheckConfig(request, timeout=SECONDS)
        return [failure.reason for failure in answer.failures]

    def configure(self, **inputs: Any) -> Any:
        """Configures the plug-in for the stack `dev`."""
        request = provider_pb2.ConfigureRequest(urn=self.provider_urn, args=structure(inputs), acceptSecrets=True)
        return self.stub.Configure(request, timeout=SECONDS)

    def check(self, token: str, name: str, news: Values, olds: Values | None = None) -> Any:
        """Returns the answer to a Check."""
        request = provider_pb2.CheckRequest(
            urn=self.urn(token, name), news=structure(news), olds=structure(olds or {}), randomSeed=b"seed"
        )
        return self.stub.Check(request, timeout=SECONDS)

    def inputs(self, token: str, name: str, news: Values) -> Values:
        """Returns the inputs after a Check without problems."""
        answer = self.check(token, name, news)
        assert not answer.failures, answer.failures
        return plain(answer.inputs)

    def create(self, token: str, name: str, inputs: Values, *, preview: bool = False) -> tuple[str, Values]:
        """Creates a resource, or previews it. Returns the id and the outputs."""
        request = provider_pb2.CreateRequest(urn=self.urn(token, name), properties=structure(inputs), preview=preview)
        answer = self.stub.Create(request, timeout=SECONDS)
        return answer.id, plain(answer.properties)

    def diff(self, token: str, name: str, olds: Values, news: Values) -> Any:
        """Returns the answer to a Diff."""
        request = provider_pb2.DiffRequest(
            id="id", urn=self.urn(token, name), olds=structure(olds), old_inputs=structure(olds), news=structure(news)
        )
        return self.stub.Diff(request, timeout=SECONDS)

    def read(self, token: str, name: str, id_: str, inputs: Values | None = None) -> tuple[str, Values, Values]:
        """Refreshes a resource, or imports it if `inputs` are missing. Returns the id, inputs and outputs."""
        request = provider_pb2.ReadRequest(id=id_, urn=self.urn(token, name), inputs=structure(inputs or {}))
        if inputs:
            request.properties.CopyFrom(structure(inputs))
        answer = self.stub.Read(request, timeout=SECONDS)
        return answer.id, plain(answer.inputs), plain(answer.properties)

    def update(
        self, token: str, name: str, id_: str, outputs: Values, inputs: Values, *, preview: bool = False
    ) -> Values:
        """Updates a resource, or previews it. Returns the outputs."""
        request = provider_pb2.UpdateRequest(
            id=id_, urn=self.urn(token, name), olds=structure(outputs), news=structure(inputs), preview=preview
        )
        return plain(self.stub.Update(request, timeout=SECONDS).properties)

    def delete(self, token: str, name: str, id_: str, outputs: Values) -> None:
        """Deletes a resource."""
        request = provider_pb2.DeleteRequest(id=id_, urn=self.urn(token, name), properties=structure(outputs))
        self.stub.Delete(request, timeout=SECONDS)

    def cancel(self) -> None:
        """Sends the request that Pulumi sends before it ends its plug-ins."""
        self.stub.Cancel(empty_pb2.Empty(), timeout=SECONDS)
