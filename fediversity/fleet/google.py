"""What the things of a fleet are called in Google Cloud, where names have a narrower form than host names.

Source of the form: the reference of Compute Engine and Cloud DNS (`name` of instances, addresses, firewalls and
managed zones): lower-case letters, digits and hyphens, beginning with a letter.
"""

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


def zone_name(domain: str) -> str:
    """The managed zone of a domain. No name begins with a digit, as zones of addresses do: `2.0.192.in-addr.arpa`."""
    name = domain.replace(".", "-")
    return name if name[0].isalpha() else f"zone-{name}"
