"""Implements `ping` (iputils) and `ping6` (macOS) to mesh addresses, by which ZeroTier finds another member."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from fediversity.embedded_cloud.machines import mesh

if TYPE_CHECKING:
    from fediversity.embedded_cloud.machines.call import Call, Command


async def ping(call: Call) -> int:
    """`ping -c 1 -W 2 ADDRESS`"""
    match call.arguments:
        case ["-c", "1", "-W", "2", address]:
            return _ping(call, address, "64 bytes from", "1 packets transmitted, {} received", 1)
    return call.unsupported()


async def ping6(call: Call) -> int:
    """`ping6 -c 1 ADDRESS`"""
    match call.arguments:
        case ["-c", "1", address]:
            return _ping(call, address, "16 bytes from", "1 packets transmitted, {} packets received", 2)
    return call.unsupported()


def _ping(call: Call, address: str, answered: str, summary: str, status: int) -> int:
    try:
        target = ipaddress.IPv6Address(address)
    except ValueError:
        return call.fail(f"{address}: Name or service not known", 2)
    service = mesh.ZeroTierService(call.machine)
    reached = service.installed and service.ping(target)
    if reached:
        call.print_out(f"{answered} {target}: icmp_seq=1 (simulated)")
    call.print_out(summary.format(int(reached)))
    return 0 if reached else status


LINUX: dict[str, Command] = {"ping": ping}
DARWIN: dict[str, Command] = {"ping6": ping6}
