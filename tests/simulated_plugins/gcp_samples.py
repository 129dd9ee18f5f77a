"""Creates sample resources of the simulated Google Cloud."""

from typing import Any

from tests.simulated_plugins.world import Made, World

ZONE, REGION = "europe-west3-a", "europe-west3"
ROOT_SCRIPT = "sed -i 's/.*PermitRootLogin.*/PermitRootLogin prohibit-password/' /etc/ssh/sshd_config"


def vm_inputs(address: str | None = None, **inputs: Any) -> dict[str, Any]:
    """Returns the inputs of a small Debian instance with an external address."""
    access = {"natIp": address} if address else {"networkTier": "PREMIUM"}
    wanted: dict[str, Any] = {
        "name": "orb",
        "zone": ZONE,
        "machineType": "e2-standard-2",
        "bootDisk": {"initializeParams": {"image": "debian-cloud/debian-12"}},
        "networkInterfaces": [{"network": "default", "accessConfigs": [access]}],
    }
    return wanted | inputs


def vm(world: World, address: str | None = None, **inputs: Any) -> Made:
    """Creates an instance."""
    return world.make("Instance", **vm_inputs(address, **inputs))


def address(world: World, name: str = "orb", **inputs: Any) -> Made:
    """Creates a static address."""
    return world.make("Address", name=name, **({"region": REGION} | inputs))


def firewall(world: World, name: str = "ssh", **inputs: Any) -> Made:
    """Creates a firewall rule for the unlock port."""
    wanted: dict[str, Any] = {"network": "default", "sourceRanges": ["0.0.0.0/0"]}
    if "denies" not in inputs:
        wanted["allows"] = [{"protocol": "tcp", "ports": ["2223"]}]
    return world.make("Firewall", name=name, **(wanted | inputs))


AGENT = "serviceAccount:service-1@gs-project-accounts.iam.gserviceaccount.com"
RING = f"projects/simulated/locations/{REGION}/keyRings/fleet"
ARCHIVE = "https://storage.googleapis.com/images/nixos.tar.gz"


def disk(world: World, name: str = "orb-data", **inputs: Any) -> Made:
    """Creates a disk of 100 GB."""
    return world.make("Disk", name=name, **({"zone": ZONE, "size": 100} | inputs))


def account(world: World, account_id: str = "orb-host") -> Made:
    """Creates a service account."""
    return world.make("Account", accountId=account_id)


def key(world: World, location: str = REGION, **inputs: Any) -> Made:
    """Creates a key on the ring `fleet`."""
    ring = world.make("KeyRing", name="fleet", location=location)
    return world.make("CryptoKey", **({"name": "media", "keyRing": ring.id, "rotationPeriod": "86400s"} | inputs))


def allow_storage(world: World, made: Made) -> Made:
    """Allows Cloud Storage to use a key."""
    role = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    return world.make("CryptoKeyIAMMember", cryptoKeyId=made.id, role=role, member=AGENT)


RIGHT: dict[str, dict[str, Any]] = {
    "Address": {"name": "orb", "region": REGION},
    "Firewall": {"name": "f", "network": "default", "allows": [{"protocol": "tcp"}], "sourceRanges": ["0.0.0.0/0"]},
    "Instance": vm_inputs(),
    "ManagedZone": {"name": "fleet", "dnsName": "fleet.example."},
    "RecordSet": {"name": "www.fleet.example.", "managedZone": "fleet", "type": "A", "rrdatas": ["192.0.2.1"]},
    "Bucket": {"name": "fleet-backups", "location": "EU"},
    "Disk": {"name": "orb-data", "zone": ZONE, "type": "pd-ssd", "size": 100},
    "Image": {"name": "orb-image", "rawDisk": {"source": ARCHIVE}, "guestOsFeatures": [{"type": "UEFI_COMPATIBLE"}]},
    "Account": {"accountId": "orb-host", "displayName": "orb"},
    "IAMMember": {"project": "simulated", "role": "roles/storage.objectViewer", "member": AGENT},
    "KeyRing": {"name": "fleet", "location": "europe"},
    "CryptoKey": {"name": "media", "keyRing": RING, "rotationPeriod": "7776000s"},
    "CryptoKeyIAMMember": {"cryptoKeyId": f"{RING}/cryptoKeys/media", "role": "roles/viewer", "member": AGENT},
}
"""Inputs that pass every check, by type."""
