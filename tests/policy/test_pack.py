"""The policy pack, started as the engine starts it and asked by the engine's protocol.

What is not seen here: the engine itself asking it. That takes the official language host; the one that is built from Go
modules cannot run a pack in Python.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.uv import find_uv, uv_environment
from fediversity.policy.resources import UNSEEN, DeclaredResource
from fediversity.policy.rules import ABOUT
from tests.policy.bad import BAD
from tests.policy.stacks import PRODUCTION, PROJECT, declared_by

PACK = PROJECT / "policy-pack"
ONE_RESOURCE = {
    name: bad
    for name, bad in BAD.items()
    if not bad.edits and not bad.settings and bad.monthly is None and name != "a server is left to a default provider"
}
"""Bad stacks in which a resource is bad by itself, with production's own files."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the pack's own pins."""
    places = Paths.of(PROJECT, os.environ)
    environment: Path = tmp_path_factory.mktemp("pack") / ".venv"
    commands = (
        ("venv", "--quiet", "--python", str(places.python), str(environment)),
        ("pip", "sync", "--quiet", "--python", str(environment), str(PACK / "requirements.txt")),
    )
    for words in commands:
        subprocess.run([find_uv(places), *words], env=uv_environment(), check=True)
    return environment / "bin" / "python"


@pytest.fixture(scope="module")
def pack(python: Path) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack at work for the production stack, as the engine talks to it."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    told = {"PULUMI_STACK": "production", "PULUMI_PROJECT": "fediversity", "PULUMI_DRY_RUN": "true"}
    command = [str(python), "-u", "-m", "pulumi.policy", "127.0.0.1:1", "."]
    with subprocess.Popen(command, cwd=PACK, env=environ | told, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port.isdecimal(), "the pack did not start"
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.kill()


def request(entry: DeclaredResource) -> analyzer_pb2.AnalyzeRequest:
    """What the engine asks of a resource in a preview."""
    properties = struct_pb2.Struct()
    properties.update(_sent(entry.inputs))
    provider = analyzer_pb2.AnalyzerProviderResource(name=entry.provider or "default_1_43_3")
    return analyzer_pb2.AnalyzeRequest(
        type=entry.type,
        name=entry.name,
        urn=entry.urn,
        properties=properties,
        options=analyzer_pb2.AnalyzerResourceOptions(protect=entry.protect, parent=entry.parent),
        provider=provider if entry.provider != "" else None,
    )


def _sent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sent(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_sent(inner) for inner in value]
    return rpc.UNKNOWN if value is UNSEEN else value


def found(pack: analyzer_pb2_grpc.AnalyzerStub, resources: tuple[DeclaredResource, ...]) -> list[Any]:
    """What the pack says of these resources."""
    return [told for entry in resources for told in pack.Analyze(request(entry)).diagnostics]


def test_the_pack_has_every_rule_and_each_must_hold(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "fediversity"
    assert {policy.name for policy in info.policies} == set(ABOUT)
    assert {policy.enforcementLevel for policy in info.policies} == {analyzer_pb2.MANDATORY}


def test_production_keeps_to_the_pack(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    _, resources = declared_by(PRODUCTION, "production")
    assert found(pack, resources) == []
    assert not pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest()).diagnostics


@pytest.mark.parametrize("bad", ONE_RESOURCE.values(), ids=ONE_RESOURCE)
def test_a_bad_resource_is_refused_by_the_pack_by_the_same_rule(pack: analyzer_pb2_grpc.AnalyzerStub, bad: Any) -> None:
    told = found(pack, bad.resources(declared_by(PRODUCTION, "production")[1]))
    assert {entry.policyName for entry in told} == {bad.rule}
    assert all(f"[{bad.rule}]" in entry.message and "fix: " in entry.message for entry in told)


def test_a_resource_left_to_a_default_provider_is_refused_by_the_pack(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    bad = BAD["a server is left to a default provider"]
    told = found(pack, bad.resources(declared_by(PRODUCTION, "production")[1]))
    assert {entry.policyName for entry in told} == {"explicit-providers"}


def test_the_pack_s_own_pins_are_the_project_s_where_both_have_one() -> None:
    def pins(file: Path) -> dict[str, str]:
        lines = (line.partition(" ")[0] for line in file.read_text().splitlines() if "==" in line)
        return {name.lower(): version for name, _, version in (line.partition("==") for line in lines)}

    wanted, project = pins(PACK / "requirements.in"), pins(PROJECT / "requirements.txt")
    assert wanted.items() <= pins(PACK / "requirements.txt").items()
    assert {name: project[name] for name in wanted if name in project} == {
        name: version for name, version in wanted.items() if name in project
    }


def test_the_pack_is_described_as_the_engine_reads_it() -> None:
    described = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())
    assert described["name"] == "fediversity"
    assert described["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
