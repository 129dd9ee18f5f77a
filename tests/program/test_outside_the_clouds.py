"""Machines that no cloud creates: their real hosts in a real stack, simulated ones in a simulated stack."""

from fediversity.support.constants import LOCAL_VERSION
from tests.planning.samples import dev_fleet, every_kind
from tests.program.programs import DEV, declare, dev, production, staging

HOST, SITE = "simulated:index:Host", "simulated:index:Site"
SITE_KEY = "ssh-ed25519 AAAASITE simulated"


def test_a_real_stack_registers_nothing_simulated() -> None:
    for recording in (production(), staging()):
        assert not [entry.urn for entry in recording.all if entry.package == "simulated"]
        assert not [entry.urn for entry in recording.all if "simulated" in str(entry.inputs)]


def test_a_real_host_is_what_the_fleet_file_names_and_is_reached_without_waiting() -> None:
    for name in ("legacy", "six", "laptop", "solo"):
        provider = every_kind().machines[name].provider
        command = production().commands[f"{name}-reach"]
        assert command.inputs["environment"]["FEDIVERSITY_ADDRESS"] == getattr(provider, "host", None)
        assert command.inputs["triggers"] == [getattr(provider, "host", None)]
        assert command.dependencies == frozenset()


def test_a_simulated_host_has_the_login_and_the_system_of_the_fleet_file() -> None:
    keys = [" ".join(key.split()[:2]) for key in every_kind().operators["operator"].keys]
    found = {entry.name: entry.inputs for entry in dev().of_type(HOST)}
    assert found == {
        f"{name}-host": {
            "name": name,
            "machineClass": machine.machineClass,
            "system": machine.system,
            "user": machine.ssh.user,
            "authorizedKeys": [*keys, SITE_KEY],
        }
        for name, machine in every_kind().machines.items()
        if machine.provider.kind in {"existing", "darwin"}
    }


def test_a_simulated_host_s_address_is_where_the_steps_go() -> None:
    host = dev().one(HOST, "laptop-host")
    command = dev().commands["laptop-update"]
    assert command.inputs["environment"]["FEDIVERSITY_ADDRESS"] == "127.64.9.9"
    assert command.property_dependencies["environment"] == {host.urn}
    assert dev().outputs[host.parent] == {"address": "127.64.9.9"}


def test_the_site_s_throwaway_key_reaches_every_simulated_machine() -> None:
    site = dev().one(SITE, "site")
    assert dev().one("hcloud:index/sshKey:SshKey", "simulated-key").inputs["publicKey"] == SITE_KEY
    assert SITE_KEY in dev().one("gcp:compute/instance:Instance", "vault-server").inputs["metadata"]["ssh-keys"]
    for host in dev().of_type(HOST):
        assert host.property_dependencies["authorizedKeys"] == {site.urn}


def test_everything_simulated_waits_for_the_site_so_that_the_site_goes_last() -> None:
    recording = declare(dev_fleet(), DEV)
    site = recording.one(SITE, "site")
    assert site.inputs == {"stack": "dev"}
    for entry in recording.custom:
        if entry is not site:
            provider = recording[entry.provider_urn]
            assert site.urn in entry.dependencies | provider.dependencies, f"{entry.urn} may outlive the site"


def test_there_is_one_site_with_a_provider_of_its_own() -> None:
    provider = dev().one("pulumi:providers:simulated", "simulated")
    assert (provider.inputs, provider.version) == ({"stack": "dev"}, LOCAL_VERSION)
    assert dev().names(SITE) == ["site"]
    assert dev().one(SITE, "site").provider_urn == provider.urn
