"""What Hetzner Cloud sells, as far as a fleet file may name it: server types, locations, images.

Source: Hetzner's public lists of server types and locations, as of 2026-11. A type that is missing here is refused when
a fleet file is loaded; adding one is one line.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fediversity.fleet.providers.catalogue import MachineType, sizes

SERVER_TYPES: Mapping[str, MachineType] = MappingProxyType(
    sizes(
        {
            "cx22": (2, 4),
            "cx32": (4, 8),
            "cx42": (8, 16),
            "cx52": (16, 32),
            "cx23": (2, 4),
            "cx33": (4, 8),
            "cx43": (8, 16),
            "cx53": (16, 32),
            "cpx11": (2, 2),
            "cpx21": (3, 4),
            "cpx31": (4, 8),
            "cpx41": (8, 16),
            "cpx51": (16, 32),
            "cpx12": (1, 2),
            "cpx22": (2, 4),
            "cpx32": (4, 8),
            "cpx42": (8, 16),
            "cpx52": (12, 24),
            "cpx62": (16, 32),
            "ccx13": (2, 8),
            "ccx23": (4, 16),
            "ccx33": (8, 32),
            "ccx43": (16, 64),
            "ccx53": (32, 128),
            "ccx63": (48, 192),
        }
    )
    | sizes({"cax11": (2, 4), "cax21": (4, 8), "cax31": (8, 16), "cax41": (16, 32)}, "aarch64")
)

DISK_GB: Mapping[str, int] = MappingProxyType(
    {
        **{"cx22": 40, "cx32": 80, "cx42": 160, "cx52": 320, "cx23": 40, "cx33": 80, "cx43": 160, "cx53": 320},
        **{"cpx11": 40, "cpx21": 80, "cpx31": 160, "cpx41": 240, "cpx51": 360},
        **{"cpx12": 40, "cpx22": 80, "cpx32": 160, "cpx42": 320, "cpx52": 480, "cpx62": 640},
        **{"ccx13": 80, "ccx23": 160, "ccx33": 240, "ccx43": 360, "ccx53": 600, "ccx63": 960},
        **{"cax11": 40, "cax21": 80, "cax31": 160, "cax41": 320},
    }
)
"""The size of each server type's own disk in GB, which never shrinks (Hetzner's public price list)."""

LOCATIONS: Mapping[str, str] = MappingProxyType(
    {
        "fsn1": "Falkenstein, Germany",
        "nbg1": "Nuremberg, Germany",
        "hel1": "Helsinki, Finland",
        "ash": "Ashburn, United States",
        "hil": "Hillsboro, United States",
        "sin": "Singapore",
    }
)

_EUROPE = frozenset({"fsn1", "nbg1", "hel1"})


def sold_in(server_type: str) -> frozenset[str]:
    """Returns where a server type is sold: the cost-optimised lines (CX, CAX) in Europe only, the others anywhere."""
    return _EUROPE if server_type.startswith(("cx", "cax")) else frozenset(LOCATIONS)


NETWORK_ZONES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "eu-central": _EUROPE,
        "us-east": frozenset({"ash"}),
        "us-west": frozenset({"hil"}),
        "ap-southeast": frozenset({"sin"}),
    }
)
"""The zones of private networks, and the locations in each."""

IMAGES: frozenset[str] = frozenset(
    {
        "debian-12",
        "debian-13",
        "ubuntu-22.04",
        "ubuntu-24.04",
        "fedora-42",
        "rocky-9",
        "alma-9",
        "centos-stream-9",
    }
)
