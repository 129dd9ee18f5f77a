"""Checks single instances as Compute Engine does. Pure; values may be UNKNOWN."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins.gcp import rules
from fediversity.embedded_cloud.plugins.gcp.rules import is_ipv4, one_of
from fediversity.embedded_cloud.plugins.problems import Problem, not_simulated
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.fleet.providers.google.catalogue import ACCELERATOR_CORES, ACCELERATORS, MACHINE_TYPES, has_gpus

DISK_TYPES = frozenset({"pd-standard", "pd-balanced", "pd-ssd", "pd-extreme"})

_DEBIAN = re.compile(r"(.*/)?debian-(cloud(/.*)?|\d+.*)")
_OWN_IMAGE = re.compile(rf"(?:.*/)?(projects/{rules.PROJECT}/global/images/[a-z0-9-]+)")
_SCOPE = re.compile(r"https://www\.googleapis\.com/auth/[a-z0-9./-]+|[a-z][a-z0-9-]*")
_DEVICE = re.compile(r"[a-z]([-a-z0-9_]{0,62})")
_ATTACHED = frozenset({"source", "deviceName", "mode"})


def own_image(image: object) -> str | None:
    """Returns the id of a boot disk's image in this project, or None if the image is public."""
    found = _OWN_IMAGE.fullmatch(image) if isinstance(image, str) else None
    return found[1] if found else None


def instance(inputs: Values) -> Iterator[Problem]:
    """Checks a virtual machine with a Debian or prepared image, one network interface and an external address."""
    yield from one_of("machineType", inputs.get("machineType"), MACHINE_TYPES, "a machine type of Google's")
    disk = inputs.get("bootDisk")
    if isinstance(disk, dict):
        yield from _boot_disk(disk)
    interfaces = inputs.get("networkInterfaces")
    if isinstance(interfaces, list):
        if len(interfaces) != 1:
            yield not_simulated("networkInterfaces", f"{len(interfaces)} of them; simulated is one")
        for index, interface in enumerate(interfaces):
            if isinstance(interface, dict):
                yield from _interface(f"networkInterfaces[{index}]", interface)
    yield from rules.network_tags("tags", inputs)
    metadata = inputs.get("metadata")
    if isinstance(metadata, dict) and "startup-script" in metadata and "metadataStartupScript" in inputs:
        yield Problem("metadataStartupScript", "is given twice; `metadata` has a startup-script as well")
    yield from _accelerators(inputs)
    yield from _maintenance(inputs)
    for index, attached in enumerate(_objects(inputs.get("attachedDisks"))):
        yield from _attached(f"attachedDisks[{index}]", attached)
    account = inputs.get("serviceAccount")
    if isinstance(account, dict):
        yield from _account(account)


def _boot_disk(disk: Mapping[str, Any]) -> Iterator[Problem]:
    params = disk.get("initializeParams")
    image = params.get("image") if isinstance(params, dict) else None
    if params is None or (isinstance(params, dict) and image is None):
        yield Problem("bootDisk.initializeParams.image", "is missing")
    if isinstance(image, str) and not _DEBIAN.fullmatch(image) and own_image(image) is None:
        yield not_simulated(
            "bootDisk.initializeParams.image",
            f'"{image}"; simulated are Debian\'s, like debian-cloud/debian-12, and images of the project',
        )
    if isinstance(params, dict):
        yield from one_of("bootDisk.initializeParams.type", params.get("type"), DISK_TYPES, "a type of disk")


def _interface(path: str, interface: Mapping[str, Any]) -> Iterator[Problem]:
    yield from rules.network(f"{path}.network", interface.get("network"))
    configs = interface.get("accessConfigs")
    if configs is None or configs == []:
        yield not_simulated(
            f"{path}.accessConfigs", "without one there is no external address, and the machine is out of reach"
        )
    for index, config in enumerate(configs if isinstance(configs, list) else ()):
        address = config.get("natIp") if isinstance(config, dict) else None
        if isinstance(address, str) and not is_ipv4(address):
            yield Problem(f"{path}.accessConfigs[{index}].natIp", f'"{address}" is not an IPv4 address')


def _accelerators(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    """Checks GPUs: each fits certain machine types and counts only, with a limited number of virtual CPUs."""
    machine = inputs.get("machineType")
    size = MACHINE_TYPES.get(machine) if isinstance(machine, str) else None
    given = _objects(inputs.get("guestAccelerators"))
    if len(given) > 1:
        yield Problem("guestAccelerators", "are of one kind only")
    for index, accelerator in enumerate(given):
        path, kind, count = f"guestAccelerators[{index}]", accelerator.get("type"), accelerator.get("count")
        if not isinstance(kind, str):
            continue
        kind = kind.rsplit("/", maxsplit=1)[-1]
        yield from one_of(f"{path}.type", kind, ACCELERATORS, "an accelerator of Google's")
        if kind not in ACCELERATORS or size is None:
            continue
        cores = ACCELERATOR_CORES[kind]
        if not str(machine).startswith(ACCELERATORS[kind]):
            yield Problem(path, f"[{machine}, {kind}] features are not compatible for creating instance")
        elif isinstance(count, int) and count not in cores:
            yield Problem(f"{path}.count", f"of {count} cannot be; it takes {', '.join(map(str, cores))}")
        elif isinstance(count, int) and size.cores > cores[count]:
            yield Problem(path, f"{count} of {kind} go with {cores[count]} virtual CPUs; {machine} has {size.cores}")


def _maintenance(inputs: Mapping[str, Any]) -> Iterator[Problem]:
    scheduling, machine = inputs.get("scheduling", {}), inputs.get("machineType")
    if not isinstance(scheduling, dict):
        return
    choice = scheduling.get("onHostMaintenance", "MIGRATE")
    yield from one_of("scheduling.onHostMaintenance", choice, {"MIGRATE", "TERMINATE"}, "what can be done then")
    with_gpus = bool(_objects(inputs.get("guestAccelerators"))) or (isinstance(machine, str) and has_gpus(machine))
    if with_gpus and choice == "MIGRATE":
        what = "has to be TERMINATE; instances with guest accelerators do not support live migration"
        yield Problem("scheduling.onHostMaintenance", what)
    if scheduling.get("preemptible") is True and scheduling.get("automaticRestart", True) is True:
        yield Problem("scheduling.automaticRestart", "has to be false on a preemptible instance")


def _attached(path: str, attached: Mapping[str, Any]) -> Iterator[Problem]:
    yield from (not_simulated(f"{path}.{name}") for name in attached if name not in _ATTACHED)
    yield from one_of(f"{path}.mode", attached.get("mode"), {"READ_WRITE", "READ_ONLY"}, "a mode of disks")
    device = attached.get("deviceName")
    if isinstance(device, str) and not _DEVICE.fullmatch(device):
        yield Problem(f"{path}.deviceName", f'"{device}" is not a valid device name; use lower case letters, digits, -')


def _account(account: Mapping[str, Any]) -> Iterator[Problem]:
    if "email" not in account:
        yield not_simulated("serviceAccount.email", "without one it is the project's default account, which is Editor")
    scopes = account.get("scopes")
    for index, scope in enumerate(scopes if isinstance(scopes, list) else ()):
        if isinstance(scope, str) and not _SCOPE.fullmatch(scope):
            yield Problem(f"serviceAccount.scopes[{index}]", f'"{scope}" is not a scope; write "cloud-platform"')


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
