"""What Google Cloud sells, as far as a fleet file may name it: machine types, zones, GPUs, places of buckets.

Source: Google's public lists of machine types, zones and GPUs, as of 2026-11. A type that is missing here is refused
when a fleet file is loaded; adding one is one line.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fediversity.fleet.providers.catalogue import MachineType, sizes

MACHINE_TYPES: Mapping[str, MachineType] = MappingProxyType(
    sizes(
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
    | sizes({"t2a-standard-1": (1, 4), "t2a-standard-2": (2, 8), "t2a-standard-4": (4, 16)}, "aarch64")
)

ACCELERATORS: Mapping[str, str] = MappingProxyType(
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

ACCELERATOR_CORES: Mapping[str, Mapping[int, int]] = MappingProxyType(
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


WITH_GPUS = ("a2-", "g2-")
"""How the machine types begin that come with GPUs, which are in the machine's own price."""


def has_gpus(machine_type: str) -> bool:
    """Returns whether a machine type comes with GPUs (G2, A2), which like all GPUs cannot move to another host."""
    return machine_type.startswith(WITH_GPUS)


_REGION_ZONES: Mapping[str, str] = {
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

REGIONS: frozenset[str] = frozenset(_REGION_ZONES)
ZONES: frozenset[str] = frozenset(f"{region}-{zone}" for region, zones in _REGION_ZONES.items() for zone in zones)

BUCKET_LOCATIONS: frozenset[str] = REGIONS | {"eu", "us", "asia", "eur4", "nam4"}
"""Where a bucket may live: a region, a multi-region or a dual-region, in lower case."""
