"""Tests the plug-ins as processes: how they start, answer and end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2

from fediversity.embedded_cloud.plugins.protos import plugin_pb2, provider_pb2, provider_pb2_grpc
from fediversity.support.constants import LOCAL_PACKAGES
from tests.processes import runs
from tests.simulated_plugins.plugin_process import COMMAND, SECONDS, SSH_KEY, Plugin
from tests.simulated_plugins.world import KEY


class TestLife:
    @pytest.mark.parametrize("package", LOCAL_PACKAGES)
    def test_a_plug_in_introduces_itself(self, package: str, tmp_path: Path) -> None:
        with Plugin(tmp_path, package) as plugin:
            assert plugin.stub.GetPluginInfo(empty_pb2.Empty()).version == "0.0.0-local"
            schema = json.loads(plugin.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
            assert schema["name"] == package
            handshake = plugin.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
            assert not handshake.accept_secrets
            plugin.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        assert plugin.process.returncode == 0

    def test_the_process_of_a_plug_in_does_not_load_all_of_pulumi(self, tmp_path: Path) -> None:
        program = (
            "import sys, fediversity.embedded_cloud.plugins.serve; print([m for m in sys.modules if m == 'pulumi'])"
        )
        seen = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=tmp_path)
        assert seen.stdout == "[]\n"

    def test_pulumi_can_still_be_imported_beside_the_plug_ins_messages(self) -> None:
        program = (
            "import fediversity.embedded_cloud.plugins.protos, pulumi\n"
            "from pulumi.runtime.proto import provider_pb2\n"
            "provider_pb2.CheckRequest(urn='x').SerializeToString()"
        )
        subprocess.run([sys.executable, "-c", program], check=True)

    def test_an_unknown_package_is_refused(self) -> None:
        run = subprocess.run(
            [sys.executable, "-m", "fediversity.embedded_cloud.plugins", "aws"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 2
        assert "invalid choice: 'aws'" in run.stderr

    @pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux shows sockets this way")
    def test_it_listens_on_loopback_only(self, hcloud: Plugin) -> None:
        sockets = [
            line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()
        ]
        listening = [words[1] for words in sockets if words[3] == "0A" and words[1].endswith(f":{hcloud.port:04X}")]
        assert len(listening) == 1
        assert listening[0].endswith(f"0100007F:{hcloud.port:04X}")  # 127.0.0.1, or the same as an IPv6 address

    def test_it_ends_when_its_engine_is_killed(self, tmp_path: Path) -> None:
        pid = _engine_that_is_killed(tmp_path, stdin="subprocess.PIPE")
        assert _gone(pid)

    def test_it_ends_when_its_engine_is_killed_even_without_a_pipe_to_it(self, tmp_path: Path) -> None:
        pid = _engine_that_is_killed(tmp_path, stdin="subprocess.DEVNULL")
        assert _gone(pid)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_ends_on_a_signal(self, tmp_path: Path, number: signal.Signals) -> None:
        with Plugin(tmp_path, "simulated") as plugin:
            plugin.process.send_signal(number)
            assert plugin.process.wait(SECONDS) == 0

    def test_it_ends_after_a_cancel_when_nothing_more_is_asked(self, hcloud: Plugin) -> None:
        hcloud.cancel()
        hcloud.check(SSH_KEY, "key", {"publicKey": KEY})  # Pulumi still finishes what it began
        assert hcloud.process.wait(SECONDS) == 0

    def test_what_one_engine_cancelled_is_not_cancelled_for_the_next(self, command: Plugin) -> None:
        command.cancel()
        command.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
        _, outputs = command.create(COMMAND, "quick", {"create": "echo done"})
        assert outputs["stdout"] == "done"

    def test_several_serve_in_one_process_that_ends_when_nobody_holds_its_pipe(self, tmp_path: Path) -> None:
        words = [sys.executable, "-m", "fediversity.embedded_cloud.plugins", "together", *LOCAL_PACKAGES]
        with subprocess.Popen(
            words, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as together:
            assert together.stdout is not None
            assert together.stdin is not None
            ports = dict(entry.split(":") for entry in together.stdout.readline().strip().split(","))
            for package in LOCAL_PACKAGES:
                with grpc.insecure_channel(f"127.0.0.1:{ports[package]}") as channel:
                    stub = provider_pb2_grpc.ResourceProviderStub(channel)
                    answer = stub.GetSchema(provider_pb2.GetSchemaRequest(), timeout=SECONDS)
                    assert json.loads(answer.schema)["name"] == package
            together.stdin.close()
            assert together.wait(SECONDS) == 0

    def test_a_running_command_ends_with_the_engine(self, command: Plugin, tmp_path: Path) -> None:
        pid_file = tmp_path / "pid"
        request = provider_pb2.CreateRequest(urn=command.urn(COMMAND, "slow"))
        request.properties.update({"create": f"echo $$ > {pid_file}; exec sleep 60"})
        running = command.stub.Create.future(request)
        pid = _number_in(pid_file)
        assert command.process.stdin is not None
        command.process.stdin.close()
        assert command.process.wait(SECONDS) == 0
        assert _gone(pid)
        with pytest.raises(grpc.RpcError, match="signal: killed"):
            running.result(SECONDS)

    @pytest.mark.parametrize(
        ("method", "request_"),
        [
            ("Invoke", provider_pb2.InvokeRequest(tok="hcloud:index/getServer:getServer")),
            ("Call", provider_pb2.CallRequest(tok="x")),
            ("Construct", provider_pb2.ConstructRequest(type="x")),
            ("Parameterize", provider_pb2.ParameterizeRequest()),
            ("GetMapping", provider_pb2.GetMappingRequest(key="terraform")),
            ("GetMappings", provider_pb2.GetMappingsRequest(key="terraform")),
        ],
    )
    def test_what_it_does_not_have_is_answered_as_such(self, hcloud: Plugin, method: str, request_: object) -> None:
        with pytest.raises(grpc.RpcError) as refusal:
            getattr(hcloud.stub, method)(request_, timeout=SECONDS)
        assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert "simulated plug-in" in str(refusal.value.details())


ENGINE = """
import os, signal, subprocess, sys
plugin = subprocess.Popen(
    [sys.executable, "-m", "fediversity.embedded_cloud.plugins", "hcloud"], stdin={stdin}, stdout=subprocess.PIPE
)
plugin.stdout.readline()
print(plugin.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _engine_that_is_killed(project: Path, stdin: str) -> int:
    """Starts a plug-in from a process that is killed at once. Returns the plug-in's process id."""
    engine = subprocess.run(
        [sys.executable, "-c", ENGINE.format(stdin=stdin)], check=False, capture_output=True, text=True, cwd=project
    )
    assert engine.returncode == -signal.SIGKILL
    return int(engine.stdout)


def _gone(pid: int) -> bool:
    """Returns whether a process ends soon; a zombie counts as ended."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if not runs(pid):
            return True
        time.sleep(0.05)
    return False


def _number_in(file: Path) -> int:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if file.exists() and file.read_text().endswith("\n"):
            return int(file.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{file} does not appear")
