"""Implements Hetzner's reverse DNS names (PTR) of public addresses."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins import labels
from fediversity.embedded_cloud.plugins.cloud import CloudResource
from fediversity.embedded_cloud.plugins.hcloud.facts import PRIMARY_IP, SERVER
from fediversity.embedded_cloud.plugins.hcloud.network import addresses_of
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

_OWNERS = {
    "serverId": ("s", SERVER),
    "primaryIpId": ("p", PRIMARY_IP),
    "floatingIpId": ("f", "not simulated"),
    "loadBalancerId": ("l", "not simulated"),
}
"""The possible owners of an address: the letter in the id, and the type."""


class Rdns(CloudResource):
    """The reverse DNS name of an address. Its id is `p-<primary IP>-<address>` or `s-<server>-<address>`."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        owners = [name for name in _OWNERS if name in inputs]
        if len(owners) != 1:
            yield Problem("", f"needs exactly one of {', '.join(_OWNERS)}")
        address, name = inputs.get("ipAddress"), inputs.get("dnsPtr")
        if isinstance(address, str) and not _is_address(address):
            yield Problem("ipAddress", f'"{address}" is not an IP address')
        if isinstance(name, str) and (not labels.is_hostname(name) or "." not in name):
            yield Problem("dnsPtr", f'"{name}" is not a domain; write it like web.fleet.example, without a final dot')

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        del session
        owner, (prefix, _) = _owner(inputs)
        return "", f"{prefix}-{inputs[owner]}-{ipaddress.ip_address(inputs['ipAddress'])}"

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        del session, inputs, scope
        return name

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f"the address {inputs['ipAddress']} has a reverse name already"
        return api_error(message, "uniqueness_error", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        del current
        owner, (_, type_) = _owner(inputs)
        record = session.get(type_, str(inputs[owner]))
        if record is None:
            kind = "server" if type_ == SERVER else "primary IP"
            raise api_error(f"{kind} {inputs[owner]} not found", "not_found", "not_found")
        address = ipaddress.ip_address(inputs["ipAddress"])
        if not any(address in network for network in addresses_of(session, record)):
            raise api_error(f'the address {inputs["ipAddress"]} does not belong to "{record.name}"', "invalid_input")


def _owner(inputs: Mapping[str, Any]) -> tuple[str, tuple[str, str]]:
    return next((name, of) for name, of in _OWNERS.items() if name in inputs)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
