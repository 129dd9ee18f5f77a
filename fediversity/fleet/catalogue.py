"""What the clouds sell, as far as a fleet file may name it: types, places, memory.

Sources: Hetzner's public server-type and location lists and Google's machine-type and zone lists, as of 2026-11.
A type that is missing here is refused when a fleet file is loaded; adding one is one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from fediversity.support.constants import INSTALLER_MEMORY_MIB

Architecture = Literal["x86_64", "aarch64"]


@dataclass(frozen=True)
class MachineType:
    """A size of machine that a cloud sells.

    `memory_mb` is in MiB; `cores` counts virtual CPUs.
    """

    cores: int
    memory_mb: int
    architecture: Architecture = "x86_64"


def _sizes(table: Mapping[str, tuple[int, float]], architecture: Architecture = "x86_64") -> dict[str, MachineType]:
    return {name: MachineType(cores, int(gib * 1024), architecture) for name, (cores, gib) in table.items()}


HETZNER_SERVER_TYPES: Mapping[str, MachineType] = MappingProxyType(
    _sizes(
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
    | _sizes({"cax11": (2, 4), "cax21": (4, 8), "cax31": (8, 16), "cax41": (16, 32)}, "aarch64")
)

HETZNER_DISK_GB: Mapping[str, int] = MappingProxyType(
    {
        **{"cx22": 40, "cx32": 80, "cx42": 160, "cx52": 320, "cx23": 40, "cx33": 80, "cx43": 160, "cx53": 320},
        **{"cpx11": 40, "cpx21": 80, "cpx31": 160, "cpx41": 240, "cpx51": 360},
        **{"cpx12": 40, "cpx22": 80, "cpx32": 160, "cpx42": 320, "cpx52": 480, "cpx62": 640},
        **{"ccx13": 80, "ccx23": 160, "ccx33": 240, "ccx43": 360, "ccx53": 600, "ccx63": 960},
        **{"cax11": 40, "cax21": 80, "cax31": 160, "cax41": 320},
    }
)
"""The size of each server type's own disk in GB, which never shrinks (Hetzner's public price list)."""

HETZNER_LOCATIONS: Mapping[str, str] = MappingProxyType(
    {
        "fsn1": "Falkenstein, Germany",
        "nbg1": "Nuremberg, Germany",
        "hel1": "Helsinki, Finland",
        "ash": "Ashburn, United States",
        "hil": "Hillsboro, United States",
        "sin": "Singapore",
    }
)

_HETZNER_EUROPE = frozenset({"fsn1", "nbg1", "hel1"})


def hetzner_locations(server_type: str) -> frozenset[str]:
    """Where a Hetzner server type is sold: the cost-optimised lines (CX, CAX) in Europe only, the others anywhere."""
    return _HETZNER_EUROPE if server_type.startswith(("cx", "cax")) else frozenset(HETZNER_LOCATIONS)


HETZNER_NETWORK_ZONES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "eu-central": _HETZNER_EUROPE,
        "us-east": frozenset({"ash"}),
        "us-west": frozenset({"hil"}),
        "ap-southeast": frozenset({"sin"}),
    }
)
"""The zones of private networks, and the locations in each."""

HETZNER_IMAGES: frozenset[str] = frozenset(
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

GCP_MACHINE_TYPES: Mapping[str, MachineType] = MappingProxyType(
    _sizes(
        {
            "f1-micro": (1, 0.6),
            "g1-small": (1, 1.7),
            "e2-micro": (2, 1),
            "e2-small": (2, 2),
            "e2-medium": (2, 4),
            "e2-standard-2": (2, 8),
            "e2-standard-4": (4, 16),
            "e2-standard-8": (8, 32),
            "e2-standard-16": (16, 64),
            "e2-standard-32": (32, 128),
            "n1-standard-1": (1, 3.75),
            "n1-standard-2": (2, 7.5),
            "n1-standard-4": (4, 15),
            "n1-standard-8": (8, 30),
            "n1-standard-16": (16, 60),
            "n2-standard-2": (2, 8),
            "n2-standard-4": (4, 16),
            "n2-standard-8": (8, 32),
            "g2-standard-4": (4, 16),
            "g2-standard-8": (8, 32),
            "a2-highgpu-1g": (12, 85),
        }
    )
    | _sizes({"t2a-standard-1": (1, 4), "t2a-standard-2": (2, 8), "t2a-standard-4": (4, 16)}, "aarch64")
)

GCP_ACCELERATORS: Mapping[str, str] = MappingProxyType(
    {
        "nvidia-tesla-t4": "n1-",
        "nvidia-tesla-p4": "n1-",
        "nvidia-tesla-p100": "n1-",
        "nvidia-tesla-v100": "n1-",
        "nvidia-l4": "g2-",
        "nvidia-tesla-a100": "a2-highgpu-",
    }
)
"""GPUs, and how the machine types begin that can have them: N1 takes any number; G2 and A2 come with theirs."""

GCP_ACCELERATOR_CORES: Mapping[str, Mapping[int, int]] = MappingProxyType(
    {
        "nvidia-tesla-t4": {1: 48, 2: 48, 4: 96},
        "nvidia-tesla-p4": {1: 24, 2: 48, 4: 96},
        "nvidia-tesla-p100": {1: 16, 2: 32, 4: 64},
        "nvidia-tesla-v100": {1: 12, 2: 24, 4: 48, 8: 96},
        "nvidia-l4": {1: 32},
        "nvidia-tesla-a100": {1: 12},
    }
)
"""How many GPUs of a kind one instance can have, and how many virtual CPUs it may have with so many of them."""


GCP_WITH_GPUS = ("a2-", "g2-")
"""How the machine types begin that come with GPUs, which are in the machine's own price."""


def gcp_has_gpus(machine_type: str) -> bool:
    """Whether a machine type comes with GPUs (G2, A2), which like all GPUs cannot move to another host."""
    return machine_type.startswith(GCP_WITH_GPUS)


_GCP_REGION_ZONES: Mapping[str, str] = {
    "us-central1": "abcf",
    "us-east1": "bcd",
    "us-east4": "abc",
    "us-west1": "abc",
    "us-west2": "abc",
    "europe-north1": "abc",
    "europe-west1": "bcd",
    "europe-west2": "abc",
    "europe-west3": "abc",
    "europe-west4": "abc",
    "europe-west6": "abc",
    "europe-west9": "abc",
    "asia-east1": "abc",
    "asia-northeast1": "abc",
    "asia-southeast1": "abc",
    "australia-southeast1": "abc",
}

GCP_REGIONS: frozenset[str] = frozenset(_GCP_REGION_ZONES)
GCP_ZONES: frozenset[str] = frozenset(
    f"{region}-{zone}" for region, zones in _GCP_REGION_ZONES.items() for zone in zones
)

GCP_BUCKET_LOCATIONS: frozenset[str] = GCP_REGIONS | {"eu", "us", "asia", "eur4", "nam4"}
"""Where a bucket may live: a region, a multi-region or a dual-region, in lower case."""


def smallest_installable(sold: Mapping[str, MachineType], architecture: Architecture) -> str:
    """The smallest of the types that the NixOS installer fits in, of that architecture if there is one."""
    fitting = [name for name, size in sold.items() if size.memory_mb >= INSTALLER_MEMORY_MIB]
    return min(fitting, key=lambda name: (sold[name].architecture != architecture, sold[name].memory_mb))
