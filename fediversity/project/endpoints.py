"""Where a stack's providers find their clouds, if not at the clouds' own addresses: `fediversity:endpoints`.

Meant for emulators and for proxies that a company puts in front of an API.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from fediversity.fleet.providers.account import CloudAccount
from fediversity.fleet.providers.accounts import ACCOUNTS

_FORM = "write `hcloud: https://…` and `gcp: {compute: https://…/, …}`"
_WHOLE = ""
"""What stands for the service where a cloud has one URL."""


@dataclass(frozen=True)
class Endpoints:
    """The URLs of clouds that are not at their own addresses: by package, then by service."""

    urls: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Returns whether any cloud is looked for elsewhere."""
        return any(self.urls.values())

    def url(self, package: str, service: str = _WHOLE) -> str | None:
        """Returns the URL of a cloud, or of one of its services; None if it is at its own address."""
        return self.urls.get(package, {}).get(service)

    @property
    def variables(self) -> dict[str, str]:
        """What plug-ins need in their environment because of these end points."""
        accounts = (account for package, account in ACCOUNTS.items() if self.urls.get(package))
        return {name: value for account in accounts for name, value in (account.elsewhere or {}).items()}


def parse_endpoints(given: Any) -> tuple[Endpoints, list[str]]:
    """Returns the end points, and what is wrong with them, each line beginning with the setting's name."""
    if not isinstance(given, Mapping):
        return Endpoints(), [f"endpoints: must name packages; {_FORM}"]
    wrong = [f"endpoints.{name}: unknown package; {_FORM}" for name in given if name not in ACCOUNTS]
    found: dict[str, dict[str, str]] = {}
    for package, account in ACCOUNTS.items():
        if (urls := given.get(package)) is None:
            continue
        where = f"endpoints.{package}"
        if not account.services:
            urls = {_WHOLE: urls}
        elif not isinstance(urls, Mapping):
            return Endpoints(), [*wrong, f"{where}: must name services, each with its URL; {_FORM}"]
        for service, url in urls.items():
            wrong += _wrong_endpoint(account, service, url, f"{where}.{service}" if service else where)
        found[package] = dict(urls)
    return (Endpoints(), wrong) if wrong else (Endpoints(found), [])


def _wrong_endpoint(account: CloudAccount, service: str, url: Any, where: str) -> Iterator[str]:
    if account.services and service not in account.services:
        yield f"{where}: unknown service; known: {', '.join(account.services)}"
    elif lines := list(_wrong_url(where, url)):
        yield from lines
    elif (what := account.wrong_url(str(url))) is not None:
        yield f"{where}: {what.format(service=service)}"


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
