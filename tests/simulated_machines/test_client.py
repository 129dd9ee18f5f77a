"""Tests the datacenter: creating and deleting machines, restarts of the daemon, and clean-up."""

import json
import os
import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fediversity.embedded_cloud.machines.spec import SSH_PORT, DatacenterError, MachineSpec
from tests.processes import resident_kb
from tests.simulated_machines.sites import Site, wait_until


def daemon_of(site: Site) -> int:
    pid: int = json.loads((site.cloud / "datacenter.json").read_text())["pid"]
    return pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_open(address: str, port: int = SSH_PORT) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((address, port)) == 0


def test_a_created_machine_answers_at_once(site: Site) -> None:
    site.server("ares")
    assert site.ssh("ares", "hostname").stdout == "ares\n"


def test_creating_a_machine_twice_keeps_the_first(site: Site) -> None:
    spec = site.server("ares")
    boot = site.record("ares")["boot_id"]
    site.datacenter.create(spec)
    assert site.record("ares")["boot_id"] == boot


def test_a_restarted_daemon_brings_back_the_same_machine(site: Site) -> None:
    spec = site.server("ares")
    site.ssh("ares", "mkdir -p /srv/data")
    before = site.record("ares")
    site.pin("ares", site.host_key("ares"))
    site.datacenter.stop()
    assert not is_open(spec.address)
    site.datacenter.ensure_on()
    assert site.ssh("ares", "test -d /srv/data", strict=True).returncode == 0
    assert site.record("ares") == before


def test_a_killed_daemon_is_replaced(site: Site) -> None:
    site.server("ares")
    pid = daemon_of(site)
    os.kill(pid, 9)
    wait_until(lambda: not is_open(site.specs["ares"].address), "the daemon is gone")
    site.datacenter.ensure_on()
    assert daemon_of(site) != pid
    assert site.ssh("ares", "true").returncode == 0


def test_the_last_machine_takes_process_listener_and_files_with_it(site: Site) -> None:
    ares, mac = site.server("ares"), site.mac("mac")
    pid = daemon_of(site)
    site.datacenter.delete(ares.id)
    assert is_alive(pid)
    site.datacenter.delete(mac.id)
    assert not is_alive(pid)
    assert not is_open(ares.address)
    assert not is_open(mac.address)
    assert sorted(path.name for path in site.cloud.iterdir()) == ["datacenter.lock", "datacenter.log", "machines"]
    assert list((site.cloud / "machines").iterdir()) == []


def test_a_daemon_whose_folder_was_removed_ends(site: Site) -> None:
    address = site.server("ares").address
    shutil.rmtree(site.cloud)
    wait_until(lambda: not is_open(address), "the daemon is gone")
    assert not site.cloud.exists()


def test_deleting_an_unknown_machine_is_no_error(site: Site) -> None:
    site.datacenter.delete("never-made")


def test_a_machine_is_deleted_though_no_daemon_runs(site: Site) -> None:
    spec = site.server("ares")
    site.datacenter.stop()
    site.datacenter.delete(spec.id)
    assert site.datacenter.machines() == {}


def test_an_id_that_leads_elsewhere_is_refused(site: Site) -> None:
    with pytest.raises(DatacenterError, match="cannot be the id"):
        site.datacenter.delete("../../precious")
    with pytest.raises(DatacenterError, match="cannot be the id"):
        site.server("ares", id="../ares")


def test_an_address_that_is_taken_is_an_error_and_leaves_nothing(site: Site) -> None:
    spec = _spec(site, "ares")
    with socket.socket() as other:
        other.bind((spec.address, SSH_PORT))
        other.listen()
        with pytest.raises(DatacenterError, match=f"cannot listen on {spec.address}:2222"):
            site.datacenter.create(spec)
    assert site.datacenter.machines() == {}


def test_a_machine_that_is_off_does_not_answer_until_it_is_on(site: Site) -> None:
    spec = site.server("ares")
    boot = site.record("ares")["boot_id"]
    site.datacenter.power_off(spec.id)
    assert not is_open(spec.address)
    site.datacenter.power_on(spec.id)
    assert site.ssh("ares", "cat /proc/sys/kernel/random/boot_id").stdout.strip() != boot


def test_a_running_machine_takes_new_keys_and_refuses_another_address(site: Site) -> None:
    spec = site.server("ares")
    site.datacenter.change(spec.id, authorized_keys={"root": ()})
    assert "Permission denied" in site.ssh("ares", "true").stderr
    with pytest.raises(DatacenterError, match="cannot change its address"):
        site.datacenter.change(spec.id, address="127.0.0.1")
    site.datacenter.change(spec.id, authorized_keys=spec.authorized_keys)
    assert site.ssh("ares", "true").returncode == 0


def test_a_firewall_without_the_port_keeps_ssh_out_silently(site: Site) -> None:
    spec = site.server("ares", allowed_ports=(443,))
    refused = site.ssh("ares", "true", "-o", "ConnectTimeout=1")
    assert "timed out" in refused.stderr
    site.datacenter.change(spec.id, allowed_ports=(443, SSH_PORT))
    assert site.ssh("ares", "true").returncode == 0


def test_an_unknown_machine_cannot_be_changed(site: Site) -> None:
    site.server("ares")
    with pytest.raises(DatacenterError, match="no simulated machine `x`"):
        site.datacenter.change("x", memory_mb=1)


def test_two_processes_that_start_at_once_share_one_daemon(site: Site) -> None:
    program = """
import sys, json
from pathlib import Path
from fediversity.embedded_cloud.machines.client import Datacenter
from fediversity.embedded_cloud.machines.spec import MachineSpec
Datacenter(Path(sys.argv[1])).create(MachineSpec.from_json(json.loads(sys.argv[2])))
"""
    specs = [_spec(site, f"m{number}") for number in range(4)]
    starters = [
        subprocess.Popen([sys.executable, "-c", program, str(site.cloud), json.dumps(spec.to_json())]) for spec in specs
    ]
    assert [starter.wait(60) for starter in starters] == [0, 0, 0, 0]
    assert set(site.datacenter.machines()) == {spec.id for spec in specs}
    assert all(is_open(spec.address) for spec in specs)


def _spec(site: Site, name: str) -> MachineSpec:
    octets = os.urandom(3)
    facts: dict[str, Any] = {
        "id": name,
        "name": name,
        "provider": "hetzner",
        "image_os": "debian",
        "system": "x86_64-linux",
        "memory_mb": 4096,
        "address": f"127.{64 + octets[0] % 64}.{octets[1]}.{1 + octets[2] % 254}",
        "authorized_keys": {"root": (site.key.with_suffix(".pub").read_text().strip(),)},
        "root_login": True,
        "hostname": name,
    }
    return MachineSpec(**facts)


def test_the_site_is_private_to_its_owner(site: Site) -> None:
    site.server("ares")
    for path in (site.cloud, site.cloud / "machines", site.cloud / "machines" / "id-ares"):
        assert path.stat().st_mode & 0o777 == 0o700, path
    for path in (site.cloud / "datacenter.json", site.cloud / "datacenter.log"):
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_hundred_machines_need_little(site: Site) -> None:
    first = site.server("m0")
    before = resident_kb(daemon_of(site))
    for number in range(1, 100):
        site.server(f"m{number}")
    with ThreadPoolExecutor(8) as clients:
        names = [f"m{number}" for number in range(100)]
        assert [done.stdout.strip() for done in clients.map(lambda name: site.ssh(name, "hostname"), names)] == names
    assert (resident_kb(daemon_of(site)) - before) / 99 < 500
    assert is_open(first.address)
