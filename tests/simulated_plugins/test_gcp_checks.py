"""Tests which inputs the simulated Google Cloud refuses before a resource is created."""

from pathlib import Path
from typing import Any

import pytest

from tests.simulated_plugins.gcp_samples import REGION, RIGHT, ZONE, address, vm
from tests.simulated_plugins.world import World

DEBIAN = {"image": "debian-cloud/debian-12"}
GPU: dict[str, Any] = {
    "machineType": "n1-standard-4",
    "guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 1}],
    "scheduling": {"onHostMaintenance": "TERMINATE", "automaticRestart": True},
}
ENFORCED = {"restrictionMode": "FullyRestricted"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "gcp", {"computeCustomEndpoint": "simulated:dev"})


class TestChecks:
    @pytest.mark.parametrize("type_name", RIGHT)
    def test_right_inputs_pass(self, world: World, type_name: str) -> None:
        assert not world.problems(type_name, **RIGHT[type_name])

    @pytest.mark.parametrize(
        ("type_name", "inputs", "text"),
        [
            ("Address", {"region": "europe-west33"}, 'did you mean "europe-west3"?'),
            ("Address", {"region": None}, "region: is missing"),
            ("Address", {"addressType": "INTERNAL"}, "is not simulated"),
            ("Address", {"name": "Orb"}, '"Orb" is not a valid name at Google'),
            ("Address", {"project": "prod"}, "the embedded cloud has one project"),
            ("Address", {"deletionPolicy": "ABANDON"}, "is not simulated"),
            ("Address", {"labels": {"Fleet": "x"}}, '"Fleet" is not the key of a label'),
            ("Address", {"labels": {"fleet": "X"}}, '"X" is not the value of a label'),
            ("Firewall", {"targetTags": ["web", "Web"]}, 'targetTags[1]: "Web" is not a valid tag'),
            ("Instance", {"tags": ["no_tag"]}, 'tags[0]: "no_tag" is not a valid tag'),
            ("Firewall", {"denies": [{"protocol": "tcp"}]}, "and not both"),
            ("Firewall", {"allows": [{"protocol": "tpc"}]}, 'did you mean "tcp"?'),
            ("Firewall", {"allows": [{"protocol": "icmp", "ports": ["1"]}]}, "does not go with icmp"),
            ("Firewall", {"allows": [{"protocol": "tcp", "ports": ["0"]}]}, '"0" is not a port'),
            ("Firewall", {"network": "mine"}, 'simulated is the network "default"'),
            ("Firewall", {"priority": 70000}, "is out of bounds"),
            ("Firewall", {"sourceRanges": ["10.0.0.1/8"]}, 'did you mean "10.0.0.0/8"?'),
            ("Firewall", {"sourceRanges": None}, "incoming traffic needs"),
            ("Firewall", {"direction": "EGRESS"}, "does not go with outgoing traffic"),
            ("Instance", {"machineType": "e2-standard-3"}, 'did you mean "e2-standard-32"?'),
            ("Instance", {"zone": "europe-west3-d"}, "is not a zone of Google's"),
            ("Instance", {"bootDisk": {"initializeParams": {"image": "windows-cloud/windows-2022"}}}, "not simulated"),
            ("Instance", {"bootDisk": {"initializeParams": {}}}, "image: is missing"),
            ("Instance", {"networkInterfaces": [{"network": "default"}]}, "out of reach"),
            ("Instance", {"networkInterfaces": []}, "simulated is one"),
            ("Instance", {"scratchDisks": [{"interface": "NVME"}]}, "scratchDisks: is not simulated"),
            ("Instance", {"attachedDisks": [{}]}, "attachedDisks[0].source: is missing"),
            ("Instance", {"attachedDisks": [{"source": "x", "mode": "WRITE"}]}, 'did you mean "READ_WRITE"?'),
            ("Instance", {"attachedDisks": [{"source": "x", "deviceName": "/dev/sdb"}]}, "is not a valid device name"),
            ("Instance", {"attachedDisks": [{"source": "x", "kmsKeySelfLink": "y"}]}, "is not simulated"),
            ("Instance", {"bootDisk": {"initializeParams": DEBIAN | {"type": "pd-fast"}}}, "is not a type of disk"),
            ("Instance", {"bootDisk": {"initializeParams": {"image": "projects/a/global/images/b"}}}, "not simulated"),
            ("Instance", GPU | {"machineType": "e2-medium"}, "features are not compatible"),
            ("Instance", GPU | {"scheduling": {"onHostMaintenance": "MIGRATE"}}, "do not support live migration"),
            ("Instance", GPU | {"scheduling": None}, "do not support live migration"),
            ("Instance", GPU | {"guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 8}]}, "it takes 1, 2, 4"),
            ("Instance", GPU | {"guestAccelerators": [{"type": "nvidia-t4", "count": 1}]}, "is not an accelerator"),
            ("Instance", GPU | {"guestAccelerators": [{"type": "nvidia-tesla-t4"}]}, "count: is missing"),
            (
                "Instance",
                GPU
                | {"machineType": "n1-standard-16", "guestAccelerators": [{"type": "nvidia-tesla-v100", "count": 1}]},
                "go with 12 virtual CPUs; n1-standard-16 has 16",
            ),
            ("Instance", {"machineType": "g2-standard-4"}, "has to be TERMINATE"),
            ("Instance", {"scheduling": {"onHostMaintenance": "STOP"}}, "choose one of MIGRATE, TERMINATE"),
            ("Instance", {"scheduling": {"preemptible": True}}, "has to be false on a preemptible instance"),
            ("Instance", {"serviceAccount": {"scopes": ["cloud-platform"]}}, "default account, which is Editor"),
            ("Instance", {"serviceAccount": {"email": "a@b", "scopes": ["Cloud"]}}, '"Cloud" is not a scope'),
            ("Disk", {"type": "pd-sdd"}, 'did you mean "pd-ssd"?'),
            ("Disk", {"size": 5}, "it takes 10 to 65536 GB"),
            ("Disk", {"zone": "europe-west3-z"}, "is not a zone of Google's"),
            ("Disk", {"image": "debian-12"}, "image: is not simulated"),
            ("Image", {"rawDisk": None}, "rawDisk: is missing"),
            ("Image", {"rawDisk": {"source": "nixos.tar.gz"}}, "is not an archive"),
            ("Image", {"guestOsFeatures": [{"type": "UEFI"}]}, '"UEFI" is not a feature of guests'),
            ("Account", {"accountId": "orb"}, '"orb" is not a valid id'),
            ("Account", {"accountId": None}, "accountId: is missing"),
            ("Account", {"displayName": "x" * 101}, "has 101 bytes; it takes 100"),
            ("IAMMember", {"role": "storage.objectViewer"}, "is not a role"),
            ("IAMMember", {"member": "orb-host@simulated"}, "is not a member"),
            ("IAMMember", {"project": "other"}, "has one project"),
            ("IAMMember", {"project": None}, "project: is missing"),
            ("KeyRing", {"location": "eu"}, "is not a location of Cloud KMS"),
            ("KeyRing", {"name": "a.b"}, "is not a valid name in Cloud KMS"),
            ("CryptoKey", {"keyRing": "fleet"}, "is not the id of a key ring"),
            ("CryptoKey", {"rotationPeriod": "90d"}, "is not a duration"),
            ("CryptoKey", {"rotationPeriod": "3600s"}, "it takes a day (86400s) at least"),
            ("CryptoKey", {"purpose": "MAC"}, "is not simulated"),
            ("CryptoKey", {"project": "simulated"}, "there is no such property"),
            ("CryptoKeyIAMMember", {"role": "owner"}, "is not a role"),
            ("Bucket", {"encryption": {"customerManagedEncryptionEnforcementConfig": ENFORCED}}, "is not simulated"),
            (
                "Instance",
                {"metadata": {"startup-script": "a"}, "metadataStartupScript": "b"},
                "metadataStartupScript: is given twice",
            ),
            ("ManagedZone", {"dnsName": "fleet.example"}, 'did you mean "fleet.example."?'),
            ("ManagedZone", {"visibility": "private"}, "is not simulated"),
            ("RecordSet", {"name": "www.fleet.example"}, 'did you mean "www.fleet.example."?'),
            ("RecordSet", {"type": "CNAME", "rrdatas": ["else.example"]}, 'did you mean "else.example."?'),
            ("RecordSet", {"rrdatas": []}, "rrdatas: is missing"),
            ("RecordSet", {"rrdatas": ["::1"]}, "is no IPv4 address"),
            ("RecordSet", {"ttl": -1}, "is out of bounds"),
            ("RecordSet", {"ttl": 2147483648}, "is out of bounds"),
            ("RecordSet", {"type": "TXT", "rrdatas": ["v=spf1 -all"]}, "double quotes"),
            ("RecordSet", {"type": "TXT", "rrdatas": ['"ümlaut"']}, "has letters outside ASCII"),
            ("RecordSet", {"type": "TXT", "rrdatas": [f'"{chr(92)}256"']}, "which is no byte"),
            ("RecordSet", {"type": "TXT", "rrdatas": [f'"{f"{chr(92)}195" * 256}"']}, "a string of 256 bytes"),
            ("RecordSet", {"type": "RP", "rrdatas": ["a. b."]}, "is not a type of record"),
            ("RecordSet", {"type": "DNSKEY", "rrdatas": ["257 3 13 q80="]}, "is not simulated"),
            ("RecordSet", {"type": "TLSA", "rrdatas": ["3 1 1 abcd"]}, "is no TLSA record"),
            ("RecordSet", {"type": "SSHFP", "rrdatas": ["4 2 x"]}, "is no SSHFP record"),
            ("RecordSet", {"type": "DS", "rrdatas": ["1 13 2"]}, "is no DS record"),
            ("RecordSet", {"type": "HTTPS", "rrdatas": ["1 . alnp=h2"]}, "is no HTTPS record"),
            ("RecordSet", {"type": "SVCB", "rrdatas": ["1 dns.else alpn=dot"]}, 'did you mean "dns.else."?'),
            ("RecordSet", {"type": "NS", "name": "*.fleet.example.", "rrdatas": ["ns.else."]}, "wildcard"),
            ("RecordSet", {"name": f"{'.'.join(['w' * 60] * 5)}.fleet.example."}, "is no name of records"),
            ("Bucket", {"name": "Fleet"}, "is not a valid bucket name"),
            ("Bucket", {"name": "ab"}, "is not a valid bucket name"),
            ("Bucket", {"name": "192.0.2.1"}, "is not a valid bucket name"),
            ("Bucket", {"name": "my-google-bucket"}, "keeps"),
            ("Bucket", {"location": "MARS"}, "is not a location of buckets"),
            ("Bucket", {"storageClass": "COLD"}, 'did you mean "COLDLINE"?'),
        ],
    )
    def test_bad_inputs_are_refused_by_name(
        self, world: World, type_name: str, inputs: dict[str, Any], text: str
    ) -> None:
        (problem,) = world.problems(type_name, **(RIGHT[type_name] | inputs))
        assert text in problem

    def test_an_instance_with_a_gpu_that_fits_passes(self, world: World) -> None:
        assert not world.problems("Instance", **(RIGHT["Instance"] | GPU))

    def test_a_region_or_zone_may_come_from_the_provider(self, tmp_path: Path) -> None:
        world = World(tmp_path, "gcp", {"region": REGION, "zone": ZONE})
        assert address(world, region=None).id == "projects/simulated/regions/europe-west3/addresses/orb"
        assert vm(world, zone=None).id == "projects/simulated/zones/europe-west3-a/instances/orb"
