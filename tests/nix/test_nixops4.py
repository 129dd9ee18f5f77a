"""What `nixops4 apply NAME` would do, evaluated with NixOps4's own modules; and its command run with the real ssh."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.nix.evaluation import evaluate, refusal
from tests.nix.requests import flake_with, request

EXPRESSION = Path(__file__).parent / "nixops4.nix"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAiszi43aOWWV7voNgQ1Ifa7LGKwGJfOuiLM1n42h2Y8"
SSH = {"user": "root", "host": "192.0.2.7", "port": 2222, "hostPublicKey": HOST_KEY, "identityFile": "/keys/fleet"}

FLEET = {"social": request("mastodon"), "video": request("peertube")}
MOVED = request("mastodon", domain="moved.example", size="large")

HANDED: dict[str, dict[str, Any]] = {
    "social": {"social": {**MOVED, "ssh": SSH}},
    "video": {"video": {**FLEET["video"], "ssh": {"user": "crs58", "host": "2001:db8::7", "hostPublicKey": HOST_KEY}}},
    "more": {"pictures": {**request("pixelfed"), "ssh": SSH}},
    "bare": {"social": MOVED},
    "spaced": {"social": {**MOVED, "ssh": SSH | {"identityFile": "/keys/fleet key"}}},
    "mac": {"social": {**request("mastodon", machine="stibnite"), "ssh": SSH}},
    "unknown": {"social": {**request("mastodon", machine="nowhere"), "ssh": SSH}},
    "other": {"social": {**request("mastodon", machine="cinnabar"), "ssh": SSH}},
    "unheard": {"unheard": {**request("pixelfed"), "ssh": SSH}},
    "mistyped": {"social": {**request("mastodon", size="huge"), "ssh": SSH}},
}
MERGED = {
    "social": {**FLEET, "social": MOVED},
    "video": FLEET,
    "more": {**FLEET, "pictures": request("pixelfed")},
}


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nixops4")
    handed: dict[str, str | None] = {"none": None}
    handed["nothing"] = str(folder)
    for scenario, content in HANDED.items():
        handed[scenario] = str(folder / scenario)
        (folder / scenario).mkdir()
        (folder / scenario / "deployment.json").write_text(json.dumps(content))
    return flake_with(folder, FLEET, handed=handed, expected=MERGED, knownHosts=[f"orb-nixos {HOST_KEY}"])


@pytest.fixture(scope="module")
def systems(flake: Path) -> Mapping[str, str]:
    """The system of the machine by the requests that it is made with."""
    expected: Mapping[str, str] = evaluate("expected", flake, EXPRESSION)
    return expected


def resource(flake: Path, scenario: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = evaluate(f"resources.{scenario}.{name}", flake, EXPRESSION)
    return found


def test_every_deployment_is_a_composite_with_the_system_in_it(flake: Path) -> None:
    members = evaluate("members", flake, EXPRESSION)
    fleet = {name: ["nixos"] for name in FLEET}
    assert members["none"] == fleet, "the input may be missing"
    assert members["nothing"] == fleet, "and so may what it hands over"
    assert members["social"] == fleet
    assert members["more"] == fleet | {"pictures": ["nixos"]}


def test_the_input_is_declared_and_empty_by_default(flake: Path) -> None:
    assert 'url = "path:./deployment-config";' in (flake / "flake.nix").read_text()
    assert json.loads((flake / "deployment-config/deployment.json").read_text()) == {}


def test_the_system_has_what_was_handed_over_and_what_else_the_fleet_asks_of_the_machine(
    flake: Path, systems: Mapping[str, str]
) -> None:
    pushed = {
        "social": resource(flake, "social", "social"),
        "video": resource(flake, "video", "video"),
        "more": resource(flake, "more", "pictures"),
    }
    assert {name: found["inputs"]["args"][3] for name, found in pushed.items()} == systems
    assert len(set(systems.values())) == 3


def test_a_deployment_that_changes_nothing_pushes_the_system_of_the_machine_s_own_update(
    flake: Path, systems: Mapping[str, str]
) -> None:
    assert systems["video"] == evaluate("own", flake, EXPRESSION)


def test_a_deployment_runs_the_push_of_nixops4_nixos_each_time(flake: Path) -> None:
    found = resource(flake, "social", "social")
    assert (found["type"], found["state"]) == ("exec", None)
    assert found["provider"]["executable"].endswith("/bin/nixops4-resources-local")
    assert found["inputs"]["once"] is False
    assert found["inputs"]["executable"].startswith("/nix/store/")
    assert found["inputs"]["args"][0] == "-c"
    assert "bin/apply switch" in found["inputs"]["args"][1]


def options_of(script: str) -> list[str]:
    """The words that ssh gets, as bash makes them of the script."""
    line = next(line for line in script.splitlines() if "NIX_SSHOPTS=" in line)
    done = subprocess.run(
        ["bash", "-c", f'{line}\nprintf "%s\\n" $NIX_SSHOPTS'], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_ssh_is_told_address_port_and_key_and_goes_by_the_machine_s_name(flake: Path) -> None:
    args = resource(flake, "social", "social")["inputs"]["args"]
    options = options_of(args[1])
    assert args[2] == "root@orb-nixos"
    for option in ("HostName=192.0.2.7", "Port=2222", "HostKeyAlias=orb-nixos", "IdentityFile=/keys/fleet"):
        assert option in options
    assert "IdentitiesOnly=yes" in options
    assert "StrictHostKeyChecking=yes" in options
    (known_hosts,) = evaluate("knownHosts", flake, EXPRESSION)
    assert f"UserKnownHostsFile={known_hosts}" in options
    assert "sudo" not in args[1]


def test_an_ipv6_address_a_common_port_and_another_user_are_no_special_case(flake: Path) -> None:
    args = resource(flake, "video", "video")["inputs"]["args"]
    options = options_of(args[1])
    assert args[2] == "crs58@orb-nixos"
    assert {"HostName=2001:db8::7", "Port=22"} <= set(options)
    assert not [option for option in options if option.startswith("Identit")]
    assert '"sudo $1/bin/apply switch"' in args[1]


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("none", "The input deployment-config does not say where orb-nixos is: it has no `social.ssh`."),
        ("nothing", "The input deployment-config does not say where orb-nixos is: it has no `social.ssh`."),
        ("bare", "The input deployment-config does not say where orb-nixos is: it has no `social.ssh`."),
        ("spaced", "Deployment social: ssh cannot be handed '/keys/fleet key'"),
        ("mac", "Deployment social is for stibnite, which is no NixOS machine of the fleet: cinnabar, orb-nixos."),
        ("unknown", "Deployment social is for nowhere, which is no NixOS machine of the fleet: cinnabar, orb-nixos."),
        (
            "other",
            "Deployment social is for cinnabar, whose module does not import the aspect `applications`; add it there.",
        ),
        ("mistyped", 'size\' is not of type `one of "small", "medium", "large"\''),
    ],
)
def test_what_cannot_be_deployed_is_refused_in_words(flake: Path, scenario: str, said: str) -> None:
    assert said in refusal(f"resources.{scenario}.social.inputs", flake, EXPRESSION)


def test_a_deployment_whose_secrets_were_never_generated_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "handed"
    folder.mkdir()
    (folder / "deployment.json").write_text(json.dumps(HANDED["unheard"]))
    flake = flake_with(tmp_path, FLEET, handed={"unheard": str(folder)}, expected={}, knownHosts=[])
    said = refusal("resources.unheard.unheard.inputs", flake, EXPRESSION)
    for secret in ("initial-user/password", "secrets/app-key"):
        assert f"The secret unheard-{secret} of orb-nixos was never generated." in said
    assert "run `clan vars generate orb-nixos`" in said


# The command itself, with the real ssh


class Machine:
    """A machine that answers SSH on a port of its own and remembers what it was told to run."""

    def __init__(self, folder: Path, address: str) -> None:
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.identity = folder / "identity"
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(self.identity)
        self.identity.chmod(0o600)
        self.authorized = asyncssh.import_authorized_keys(key.export_public_key().decode())
        self.address = address
        self.port = 0
        self.commands: list[str | None] = []

    @property
    def public_key(self) -> str:
        return " ".join(self.host_key.export_public_key().decode().split()[:2])

    def _handle(self, process: "asyncssh.SSHServerProcess[str]") -> None:
        self.commands.append(process.command)
        process.exit(0)

    async def _listen(self) -> int:
        server = await asyncssh.listen(
            self.address,
            0,
            server_host_keys=[self.host_key],
            authorized_client_keys=self.authorized,
            process_factory=self._handle,
        )
        return server.get_port()

    @contextmanager
    def running(self) -> Iterator[None]:
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            self.port = asyncio.run_coroutine_threadsafe(self._listen(), loop).result(10)
            yield
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


def _reachable(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("pinned", [True, False], ids=["its-key", "another-key"])
def test_the_push_reaches_a_machine_with_the_pinned_host_key_only(tmp_path: Path, address: str, pinned: bool) -> None:
    if not _reachable(address):
        pytest.skip(f"this computer has no {address}")
    machine = Machine(tmp_path, address)
    with machine.running():
        ssh = {"user": "root", "host": address, "port": machine.port, "identityFile": str(machine.identity)}
        ssh["hostPublicKey"] = machine.public_key if pinned else HOST_KEY
        folder = tmp_path / "handed"
        folder.mkdir()
        (folder / "deployment.json").write_text(json.dumps({"social": {**MOVED, "ssh": ssh}}))
        line = f"orb-nixos {ssh['hostPublicKey']}"
        flake = flake_with(tmp_path, FLEET, handed={"real": str(folder)}, expected={}, knownHosts=[line])
        args = resource(flake, "real", "social")["inputs"]["args"]
        (in_store,) = evaluate("knownHosts", flake, EXPRESSION)
        assert in_store in args[1]

        # There is no store here, so the file lies elsewhere; and no nix, which would be told to copy the system.
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text(f"{line}\n")
        bin_folder = tmp_path / "bin"
        bin_folder.mkdir()
        nix = bin_folder / "nix"
        nix.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$NIX_SSHOPTS" > "$COPIED"\n')
        nix.chmod(0o755)
        copied = tmp_path / "copied"
        environment = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}", "COPIED": str(copied)}
        script = args[1].replace(in_store, str(known_hosts)).replace("ConnectionAttempts=12", "ConnectionAttempts=1")
        bash = shutil.which("bash")
        assert bash is not None
        done = subprocess.run(
            [bash, "-c", script, *args[2:]], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
    system = args[3]
    assert copied.read_text().splitlines()[:4] == ["copy", "--to", "ssh-ng://root@orb-nixos", system]
    if pinned:
        assert done.returncode == 0, done.stderr
        assert machine.commands == [f"{system}/bin/apply switch"]
    else:
        assert done.returncode != 0
        assert "Host key verification failed" in done.stderr
        assert machine.commands == []
