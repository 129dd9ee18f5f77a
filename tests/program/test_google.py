"""What lives in Google Cloud as it is declared: least rights, closed firewalls, keys, GPUs, and what costs nothing."""

from typing import Any

import pytest

from tests.planning.samples import dev_fleet
from tests.program.contracts import wrong_in_arguments
from tests.program.google_fleet import google_fleet
from tests.program.programs import DEV, PRODUCTION, declare
from tests.program.recording import Recording, Registration

ACCOUNT, MEMBER = "gcp:serviceaccount/account:Account", "gcp:projects/iAMMember:IAMMember"
DISK, IMAGE, INSTANCE = "gcp:compute/disk:Disk", "gcp:compute/image:Image", "gcp:compute/instance:Instance"
FIREWALL, ADDRESS = "gcp:compute/firewall:Firewall", "gcp:compute/address:Address"
RING, KEY = "gcp:kms/keyRing:KeyRing", "gcp:kms/cryptoKey:CryptoKey"
KEY_MEMBER, BUCKET = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "gcp:storage/bucket:Bucket"


@pytest.fixture(scope="module")
def production() -> Recording:
    return declare(google_fleet(), PRODUCTION)


def instance(recording: Recording, name: str) -> dict[str, Any]:
    return dict(recording.one(INSTANCE, f"{name}-server").inputs)


@pytest.mark.parametrize("settings", [DEV, PRODUCTION], ids=["simulated", "real"])
def test_google_s_plug_in_takes_every_input_of_every_resource(settings: Any) -> None:
    registered = [entry for entry in declare(google_fleet(), settings).all if entry.package == "gcp"]
    assert [wrong for entry in registered for wrong in wrong_in_arguments(entry.type, entry.inputs)] == []
    kinds = {entry.type for entry in registered if not entry.is_provider}
    assert kinds == {ACCOUNT, MEMBER, DISK, IMAGE, INSTANCE, FIREWALL, ADDRESS, RING, KEY, KEY_MEMBER, BUCKET}


def test_what_has_labels_says_fleet_environment_and_machine(production: Recording) -> None:
    labelled = {entry.name: entry.inputs["labels"] for entry in production.all if "labels" in entry.inputs}
    of_rich = {"rich-address", "rich-disk-models", "rich-disk-scratch", "rich-image", "rich-server"}
    assert of_rich | {"europe-media", "europe-west1-logs", "orbit-media-bucket"} <= labelled.keys()
    for name, labels in labelled.items():
        assert (labels["fleet"], labels["environment"]) == ("orbit", "production")
        if name in of_rich:
            assert labels["machine"] == "rich"


def test_nothing_gets_in_but_ssh_unlocking_zerotier_ping_and_what_the_file_says(production: Recording) -> None:
    def let_in(machine: str) -> list[tuple[str, ...]]:
        firewalls = [entry for entry in production.of_type(FIREWALL) if entry.inputs["targetTags"] == [machine]]
        allowed = [rule for entry in firewalls for rule in entry.inputs.get("allows", ())]
        return [(rule["protocol"], *rule.get("ports", [])) for rule in allowed]

    assert let_in("rich") == [("tcp", "22"), ("udp", "9993"), ("icmp",), ("tcp", "443")]
    assert let_in("graphics") == [("tcp", "22"), ("tcp", "2223"), ("udp", "9993"), ("icmp",)], "its disk is encrypted"
    rules = [entry for entry in production.of_type(FIREWALL) if entry.inputs["targetTags"] == ["rich"]]
    (closed,) = [entry.inputs for entry in rules if "denies" in entry.inputs]
    assert closed["denies"] == [{"protocol": "all"}]
    assert closed["sourceRanges"] == ["0.0.0.0/0"]
    assert 1000 < closed["priority"] < 65534, "behind our own rules, before those of the default network"


def test_disks_are_protected_and_attached_by_name(production: Recording) -> None:
    disk = production.one(DISK, "rich-disk-models")
    assert (disk.inputs["name"], disk.inputs["zone"], disk.inputs["size"]) == ("rich-models", "europe-west1-b", 200)
    assert disk.inputs["type"] == "pd-balanced"
    assert disk.protect
    attached = instance(production, "rich")["attachedDisks"]
    assert [entry["deviceName"] for entry in attached] == ["models", "scratch"]
    assert disk.urn in production.one(INSTANCE, "rich-server").property_dependencies["attachedDisks"]
    assert "attachedDisks" not in instance(production, "plain")


def test_roles_are_those_of_an_account_of_the_machine_s_own(production: Recording) -> None:
    assert production.names(ACCOUNT) == ["rich-account"]
    roles = {entry.inputs["role"] for entry in production.of_type(MEMBER)}
    assert roles == {"roles/storage.objectViewer", "roles/logging.logWriter"}
    assert {entry.inputs["member"] for entry in production.of_type(MEMBER)} == {"serviceAccount:account@simulated"}
    account = {"email": "account@simulated", "scopes": ["cloud-platform"]}
    assert instance(production, "rich")["serviceAccount"] == account


def test_a_machine_without_roles_has_no_account_at_all(production: Recording) -> None:
    assert "serviceAccount" not in instance(production, "plain")


def test_gpus_are_attached_and_not_moved(production: Recording) -> None:
    rich, graphics, plain = (instance(production, name) for name in ("rich", "graphics", "plain"))
    assert rich["guestAccelerators"] == [{"type": "nvidia-tesla-t4", "count": 2}]
    for inputs in (rich, graphics):
        assert inputs["scheduling"] == {"onHostMaintenance": "TERMINATE", "automaticRestart": True}
    assert "guestAccelerators" not in graphics, "its type comes with its own"
    assert not {"guestAccelerators", "scheduling"} & plain.keys()


def test_a_prepared_image_is_made_of_its_archive_and_booted(production: Recording) -> None:
    image = production.one(IMAGE, "rich-image")
    assert image.inputs["rawDisk"] == {"source": "https://storage.googleapis.com/orbit-images/nixos/gpu-1.tar.gz"}
    assert {"type": "UEFI_COMPATIBLE"} in image.inputs["guestOsFeatures"]
    params = instance(production, "rich")["bootDisk"]["initializeParams"]
    assert params == {"image": "https://cloud/image", "size": 50, "type": "pd-ssd"}
    assert "startup-script" not in instance(production, "rich")["metadata"]
    assert "startup-script" in instance(production, "plain")["metadata"]


def test_keys_rotate_are_protected_and_used_only_once_storage_may_use_them(production: Recording) -> None:
    assert {entry.inputs["location"] for entry in production.of_type(RING)} == {"europe", "europe-west1"}
    backups = production.one(KEY, "europe-backups")
    assert backups.inputs["rotationPeriod"] == f"{30 * 86400}s"
    for entry in [*production.of_type(RING), *production.of_type(KEY)]:
        assert entry.protect
    assert {entry.inputs["deletionPolicy"] for entry in production.of_type(KEY)} == {"PREVENT"}
    allowed = production.one(KEY_MEMBER, "europe-media-storage")
    assert allowed.inputs["member"] == "serviceAccount:storage@google"
    assert allowed.inputs["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    waits_for = production.one(BUCKET, "orbit-media-bucket").property_dependencies["encryption"]
    assert {allowed.urn, production.one(KEY, "europe-media").urn} <= waits_for


def test_buckets_are_versioned_uniform_and_never_public(production: Recording) -> None:
    for bucket in production.of_type(BUCKET):
        assert bucket.inputs["uniformBucketLevelAccess"] is True
        assert bucket.inputs["publicAccessPrevention"] == "enforced"
        assert bucket.inputs["versioning"] == {"enabled": True}
        assert bucket.protect
    assert "encryption" not in production.one(BUCKET, "orbit-plain-bucket").inputs


class TestSwitchedOff:
    """A machine that is switched off costs nothing."""

    @staticmethod
    def belongs_to(entry: Registration, machine: str) -> bool:
        """Whether a resource is a machine's, by anything that it says."""
        told = [entry.name, entry.parent, entry.urn, str(dict(entry.inputs))]
        return any(machine in text for text in told)

    @pytest.mark.parametrize("settings", [DEV, PRODUCTION], ids=["simulated", "real"])
    @pytest.mark.parametrize("machine", ["rich", "graphics"])
    def test_no_declared_resource_belongs_to_it(self, machine: str, settings: Any) -> None:
        on, off = (declare(google_fleet(rich=rich), settings) for rich in (True, False))
        assert sum(self.belongs_to(entry, machine) for entry in on.all) >= 7, "the test would find nothing"
        assert [entry.urn for entry in off.all if self.belongs_to(entry, machine)] == []

    @pytest.mark.parametrize("machine", ["galena", "scheelite", "electrum"])
    def test_no_resource_of_the_dev_fleet_belongs_to_a_node_that_is_off(self, machine: str) -> None:
        assert [entry.urn for entry in declare(dev_fleet(), DEV).all if self.belongs_to(entry, machine)] == []

    def test_nothing_of_the_other_machines_changes(self) -> None:
        on, off = (declare(google_fleet(rich=rich), PRODUCTION) for rich in (True, False))
        steps = "command:local:Command"
        kept = {entry.urn: entry for entry in off.custom if entry.type != steps}
        assert kept == {entry.urn: entry for entry in on.custom if entry.urn in kept}
