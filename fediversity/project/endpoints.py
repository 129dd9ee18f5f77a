"""Where a stack's providers find their clouds, if not at the clouds' own addresses: `fediversity:endpoints`.

Meant for emulators and for proxies that a company puts in front of an API.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

GCP_SERVICES = ("compute", "dns", "iam", "kms", "resource_manager", "storage")
"""The services of Google Cloud that a program asks."""

_FORM = "write `hcloud: https://…` and `gcp: {compute: https://…/, …}`"


@dataclass(frozen=True)
class Endpoints:
    """The URL of Hetzner's API, and of each of Google's services by its name here; the real one where nothing is."""

    hcloud: str | None = None
    gcp: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether any cloud is looked for elsewhere."""
        return bool(self.hcloud or self.gcp)


def parse_endpoints(given: Any) -> tuple[Endpoints, list[str]]:
    """The end points, and what is wrong with them, each line beginning with the setting's name."""
    if not isinstance(given, Mapping):
        return Endpoints(), [f"endpoints: must name packages; {_FORM}"]
    wrong = [f"endpoints.{name}: unknown package; {_FORM}" for name in given if name not in ("hcloud", "gcp")]
    hcloud, gcp = given.get("hcloud"), given.get("gcp") or {}
    if hcloud is not None:
        wrong += _wrong_url("endpoints.hcloud", hcloud)
    if not isinstance(gcp, Mapping):
        return Endpoints(), [*wrong, f"endpoints.gcp: must name services, each with its URL; {_FORM}"]
    for service, url in gcp.items():
        where = f"endpoints.gcp.{service}"
        if service not in GCP_SERVICES:
            wrong.append(f"{where}: unknown service; known: {', '.join(GCP_SERVICES)}")
        elif not (lines := list(_wrong_url(where, url))) and not str(url).endswith("/"):
            wrong.append(
                f"{where}: Google's plug-in wants the base path with a final slash, like https://…/{service}/v1/"
            )
        else:
            wrong += lines
    return (Endpoints(), wrong) if wrong else (Endpoints(hcloud, dict(gcp)), [])


def _wrong_url(where: str, url: Any) -> Iterator[str]:
    """What is wrong with a URL. Credentials travel with every request: they must not leave this computer in clear."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme not in ("http", "https") or any(map(str.isspace, str(url))):
        yield f"{where}: is not a URL; write it like https://api.example/v1"
    elif parts.username is not None or parts.password is not None:
        yield f"{where}: a URL must not hold a user or a password; credentials have settings of their own"
    elif parts.query or parts.fragment:
        yield f"{where}: the base of an API has neither '?' nor '#'"
    elif parts.scheme == "http" and not _is_loopback(host):
        yield f"{where}: http:// is for this computer only, because credentials travel with every request; use https://"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
