"""What Example Cloud sells."""

from collections.abc import Mapping

from fediversity.fleet.providers.catalogue import MachineType, sizes

SIZES: Mapping[str, MachineType] = sizes({"nano": (1, 1), "small": (2, 4)})
REGIONS = frozenset({"north", "south"})
