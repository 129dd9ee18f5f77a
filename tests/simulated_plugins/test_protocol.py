"""Tests the plug-ins through Pulumi's protocol."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2

from fediversity.embedded_cloud.plugins.protos import engine_pb2, engine_pb2_grpc, plugin_pb2, provider_pb2
from fediversity.embedded_cloud.plugins.values import UNKNOWN
from tests.simulated_plugins.plugin_process import COMMAND, HCLOUD, PRIMARY_IP, SECONDS, SERVER, SITE, SSH_KEY, Plugin
from tests.simulated_plugins.world import KEY


class TestConfiguration:
    def test_a_real_configuration_is_refused_and_its_token_shown_to_nobody(self, tmp_path: Path) -> None:
        with Plugin(tmp_path, "hcloud") as plugin:
            reasons = plugin.check_config(endpoint="https://api.hetzner.cloud/v1", token="s3cr3t")
            assert len(reasons) == 2
            assert "s3cr3t" not in " ".join(reasons)
            with pytest.raises(grpc.RpcError, match="token: is refused") as refusal:
                plugin.configure(endpoint="simulated:dev", token="s3cr3t")
            assert "s3cr3t" not in str(refusal.value.details())

    def test_failures_name_no_property_since_the_engine_would_print_its_value(self, hcloud: Plugin) -> None:
        answer = hcloud.check(SERVER, "web", {"serverType": "cx99", "userData": 5, "image": "debian-12"})
        assert len(answer.failures) == 2
        assert {failure.property for failure in answer.failures} == {""}

    def test_it_previews_and_takes_plain_values(self, tmp_path: Path) -> None:
        with Plugin(tmp_path, "simulated") as plugin:
            answer = plugin.configure(stack="dev")
            assert answer.supportsPreview
            assert not answer.acceptSecrets
            assert not answer.acceptResources

    def test_a_new_endpoint_replaces_a_provider(self, hcloud: Plugin) -> None:
        request = provider_pb2.DiffRequest()
        request.old_inputs.update(HCLOUD)
        request.news.update(HCLOUD | {"endpoint": "simulated:other"})
        assert list(hcloud.stub.DiffConfig(request, timeout=SECONDS).replaces) == ["endpoint"]

    def test_a_type_that_is_not_simulated_is_named(self, hcloud: Plugin) -> None:
        with pytest.raises(grpc.RpcError) as refusal:
            hcloud.check("hcloud:index/loadBalancer:LoadBalancer", "balancer", {})
        assert "does not simulate hcloud:index/loadBalancer:LoadBalancer" in str(refusal.value.details())


class TestResources:
    def test_a_preview_writes_nothing_and_knows_what_it_can(self, hcloud: Plugin, tmp_path: Path) -> None:
        inputs = hcloud.inputs(PRIMARY_IP, "ip", {"name": "web", "type": "ipv4", "location": "fsn1"})
        _, outputs = hcloud.create(PRIMARY_IP, "ip", inputs, preview=True)
        assert outputs["name"] == "web"
        assert outputs["ipAddress"] is UNKNOWN
        server = {"serverType": "cx22", "image": "debian-12", "publicNets": [{"ipv4": UNKNOWN}], "sshKeys": [UNKNOWN]}
        _, outputs = hcloud.create(SERVER, "web", hcloud.inputs(SERVER, "web", server), preview=True)
        assert outputs["ipv4Address"] is UNKNOWN
        assert outputs["publicNets"] == [{"ipv4": UNKNOWN}]
        assert hcloud.read(SERVER, "web", "5", {"name": "web"}) == ("", {}, {})
        assert not list(tmp_path.iterdir())

    def test_a_resource_through_its_life(self, hcloud: Plugin) -> None:
        inputs = hcloud.inputs(SSH_KEY, "key", {"publicKey": KEY})
        assert inputs["name"].startswith("key-")
        id_, outputs = hcloud.create(SSH_KEY, "key", inputs)
        assert id_.isdecimal()
        assert outputs["fingerprint"].count(":") == 15

        assert hcloud.read(SSH_KEY, "key", id_, inputs) == (id_, inputs, outputs)

        labelled = inputs | {"labels": {"a": "b"}}
        planned = hcloud.update(SSH_KEY, "key", id_, outputs, labelled, preview=True)
        assert planned == outputs | {"labels": {"a": "b"}}
        assert hcloud.update(SSH_KEY, "key", id_, outputs, labelled) == planned

        found, imported, _ = hcloud.read(SSH_KEY, "key", id_)
        assert found == id_
        assert imported == labelled | {"__defaults": []}

        hcloud.delete(SSH_KEY, "key", id_, planned)
        hcloud.delete(SSH_KEY, "key", id_, planned)
        assert hcloud.read(SSH_KEY, "key", id_, labelled) == ("", {}, {})

    def test_a_difference_is_told_in_the_engines_words(self, hcloud: Plugin) -> None:
        old = {"name": "web", "image": "debian-12", "serverType": "cx22", "labels": {"a": "b"}, "__defaults": []}
        new = {"name": "web", "image": "debian-13", "serverType": "cx32", "userData": "x", "__defaults": []}
        answer = hcloud.diff(SERVER, "web", old, new)
        kinds = {path: provider_pb2.PropertyDiff.Kind.Name(change.kind) for path, change in answer.detailedDiff.items()}
        assert kinds == {
            "image": "UPDATE_REPLACE",
            "serverType": "UPDATE",
            "labels": "DELETE",
            "userData": "ADD_REPLACE",
        }
        assert sorted(answer.replaces) == ["image", "userData"]
        assert answer.deleteBeforeReplace
        assert answer.hasDetailedDiff
        same = hcloud.diff(SERVER, "web", old, old)
        assert same.changes == provider_pb2.DiffResponse.DIFF_NONE

    def test_what_the_cloud_refuses_is_a_status_that_leaves_no_doubt(self, hcloud: Plugin) -> None:
        inputs = hcloud.inputs(PRIMARY_IP, "ip", {"name": "web", "type": "ipv4", "location": "fsn1"})
        hcloud.create(PRIMARY_IP, "ip", inputs)
        with pytest.raises(grpc.RpcError) as refusal:
            hcloud.create(PRIMARY_IP, "ip", inputs)
        assert refusal.value.code() is grpc.StatusCode.ALREADY_EXISTS
        assert "(uniqueness_error, simulated)" in str(refusal.value.details())

    def test_all_plug_ins_of_a_stack_see_one_cloud(self, hcloud: Plugin, tmp_path: Path) -> None:
        with Plugin(tmp_path, "simulated") as simulated:
            simulated.configure(stack="dev")
            id_, outputs = simulated.create(SITE, "site", {"stack": "dev"})
            key_id, key = hcloud.create(
                SSH_KEY, "key", hcloud.inputs(SSH_KEY, "key", {"publicKey": outputs["publicKey"]})
            )
            with pytest.raises(grpc.RpcError, match="still holds 1 resources"):
                simulated.delete(SITE, "site", id_, outputs)
            hcloud.delete(SSH_KEY, "key", key_id, key)
            simulated.delete(SITE, "site", id_, outputs)
        assert not list(tmp_path.iterdir())

    def test_a_command_inherits_the_plug_ins_environment_and_folder(self, tmp_path: Path) -> None:
        with Plugin(tmp_path, "command", GREETING="hello") as plugin:
            plugin.configure()
            inputs = plugin.inputs(COMMAND, "run", {"create": "echo $GREETING; pwd -P", "logging": "none"})
            _, outputs = plugin.create(COMMAND, "run", inputs)
        assert outputs["stdout"] == f"hello\n{tmp_path.resolve()}"

    def test_lines_are_shown_beside_their_resource_while_it_is_worked_on(self, command: Plugin) -> None:
        seen: list[engine_pb2.LogRequest] = []

        class Engine(engine_pb2_grpc.EngineServicer):
            def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
                del context
                seen.append(request)
                return empty_pb2.Empty()

        server = grpc.server(ThreadPoolExecutor())
        engine_pb2_grpc.add_EngineServicer_to_server(Engine(), server)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        command.stub.Attach(plugin_pb2.PluginAttach(address=address))
        command.create(COMMAND, "run", {"create": "echo one; echo two", "logging": "stdout"})
        server.stop(None)
        assert [(line.message, line.ephemeral, line.urn) for line in seen] == [
            ("one", True, command.urn(COMMAND, "run")),
            ("two", True, command.urn(COMMAND, "run")),
        ]

    def test_a_failed_command_is_no_internal_error_but_its_own_words(self, command: Plugin) -> None:
        with pytest.raises(grpc.RpcError) as failure:
            command.create(COMMAND, "run", {"create": "echo no; exit 2"})
        assert failure.value.details() == 'exit status 2: running "echo no; exit 2":\nno\n'


def test_a_server_is_a_machine_that_answers_over_ssh_until_it_is_deleted(hcloud: Plugin, tmp_path: Path) -> None:
    with Plugin(tmp_path, "simulated") as simulated:
        simulated.configure(stack="dev")
        site_id, site = simulated.create(SITE, "site", {"stack": "dev"})
        key_id, key = hcloud.create(SSH_KEY, "key", hcloud.inputs(SSH_KEY, "key", {"publicKey": site["publicKey"]}))
        wanted = {"name": "web", "serverType": "cx22", "image": "debian-12", "sshKeys": [key_id]}
        server_id, server = hcloud.create(SERVER, "web", hcloud.inputs(SERVER, "web", wanted))
        assert server["status"] == "running"
        assert _ssh(tmp_path, server["ipv4Address"], "hostname") == "web\n"
        hcloud.delete(SERVER, "web", server_id, server)
        assert not (tmp_path / ".fediversity/dev/cloud/datacenter.json").exists()
        hcloud.delete(SSH_KEY, "key", key_id, key)
        simulated.delete(SITE, "site", site_id, site)
    assert not list(tmp_path.iterdir())


def _ssh(project: Path, address: str, words: str) -> str:
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes"]
    login = ["-i", str(project / ".fediversity/dev/identity"), "-p", "2222", f"root@{address}"]
    run = subprocess.run(["ssh", "-F", "none", *options, *login, words], check=True, capture_output=True, text=True)
    return run.stdout
