"""What the things of a fleet are called in Google Cloud, where names have a narrower form than host names.

Source of the form: the reference of Compute Engine and Cloud DNS (`name` of instances, addresses, firewalls and
managed zones): lower-case letters, digits and hyphens, beginning with a letter.
"""

import hashlib

LONGEST_NAME = 63
"""How many characters a name may have."""


def address_name(machine: str, region: str) -> str:
    """The static address of a machine.

    Another region needs another address; with the region in its name both can exist for a moment.
    """
    return f"{machine}-{region}"


def firewall_name(machine: str, rule: int | None = None) -> str:
    """The firewall in front of a machine; with `rule`, that of the fleet file's rule at this position."""
    return f"{machine}-inbound" if rule is None else f"{machine}-inbound-{rule}"


def closed_name(machine: str) -> str:
    """The firewall that keeps out what no other one lets in to a machine."""
    return f"{machine}-closed"


def disk_name(machine: str, disk: str) -> str:
    """A disk of a machine beside the boot disk."""
    return f"{machine}-{disk}"


def image_name(machine: str, source: str) -> str:
    """The image made of a prepared NixOS, `gs://BUCKET/NAME.tar.gz`: another path is another image."""
    return f"{machine}-{hashlib.sha256(source.encode()).hexdigest()[:8]}"


LONGEST_ACCOUNT = 30
"""How many characters the id of a service account may have; it has 6 at least (reference of IAM)."""


BASIC_ROLES = frozenset({"roles/owner", "roles/editor", "roles/viewer"})
"""Google's roles over a whole project."""


def account_id(machine: str) -> str:
    """The service account of a machine."""
    return f"{machine}-host"


def kms_location(bucket_location: str) -> str:
    """Where Cloud KMS keeps the keys of a bucket: in the same place, whose multi-region `eu` it calls `europe`."""
    return "europe" if bucket_location == "eu" else bucket_location


def zone_name(domain: str) -> str:
    """The managed zone of a domain. No name begins with a digit, as zones of addresses do: `2.0.192.in-addr.arpa`."""
    name = domain.replace(".", "-")
    return name if name[0].isalpha() else f"zone-{name}"
