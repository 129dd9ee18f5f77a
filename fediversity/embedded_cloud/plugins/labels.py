"""Parses and checks names, ports, networks and SSH keys in the formats of the clouds and standards."""

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Iterator

from fediversity.embedded_cloud.plugins.problems import Problem

_HOST_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
HIGHEST_PORT = 65535


def is_hostname(name: str) -> bool:
    """Returns whether a name is a host name (RFC 1123): labels of letters, digits and dashes, at most 253 long."""
    return 0 < len(name) <= 253 and all(_HOST_LABEL.fullmatch(label) for label in name.split("."))


def port_range(text: str) -> range | None:
    """Parses `443` or `8000-8010` into a range of ports. Returns None for other text."""
    match = _PORTS.fullmatch(text)
    if match is None:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1) if 0 < first <= last <= HIGHEST_PORT else None


def cidr_problems(path: str, text: str) -> Iterator[Problem]:
    """Yields the problems of a network, which must begin at its first address: `10.1.0.0/16`, not `10.1.2.3/16`."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        yield Problem(path, f'"{text}" is not a network; write it like 192.0.2.0/24, a single address with /32')
        return
    if "/" not in text:
        yield Problem(path, f'"{text}" has no length; write {network}')
    elif str(ipaddress.ip_interface(text).ip) != str(network.network_address):
        yield Problem(path, f'"{text}" is not the start of its network; did you mean "{network}"?')


def public_key_blob(line: str) -> bytes | None:
    """Returns the key in an OpenSSH public key line, or None if the line is invalid."""
    words = line.split()
    if len(words) < 2:
        return None
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (ValueError, binascii.Error):
        return None
    kind = words[0].encode()
    return blob if blob[4:].startswith(kind) and int.from_bytes(blob[:4], "big") == len(kind) else None


def md5_fingerprint(blob: bytes) -> str:
    """Returns the fingerprint of an SSH key in the clouds' format: MD5 as pairs of hexadecimal digits."""
    return hashlib.md5(blob, usedforsecurity=False).digest().hex(":")
