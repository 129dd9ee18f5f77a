"""Implements Google's disks other than boot disks, and images created from an archive in a bucket."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from fediversity.embedded_cloud.plugins.gcp import rules
from fediversity.embedded_cloud.plugins.gcp.base import GcpResource, fingerprint, label_outputs
from fediversity.embedded_cloud.plugins.gcp.facts import DISK, INSTANCE
from fediversity.embedded_cloud.plugins.gcp.rules_instance import DISK_TYPES
from fediversity.embedded_cloud.plugins.problems import Problem
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

_DEFAULT_GB = 500
_MOST_GB = 65536
_ARCHIVE = re.compile(r"(https://storage\.googleapis\.com/|gs://)[a-z0-9][a-z0-9._-]*/\S+\.tar\.gz")
_FEATURES = frozenset(
    {
        "GVNIC",
        "IDPF",
        "MULTI_IP_SUBNET",
        "SECURE_BOOT",
        "SEV_CAPABLE",
        "SEV_LIVE_MIGRATABLE",
        "SEV_LIVE_MIGRATABLE_V2",
        "SEV_SNP_CAPABLE",
        "SUSPEND_RESUME_COMPATIBLE",
        "TDX_CAPABLE",
        "UEFI_COMPATIBLE",
        "VIRTIO_SCSI_MULTIQUEUE",
        "WINDOWS",
    }
)


def disk_of(session: Session, source: str) -> Record | None:
    """Returns the disk to which a link or an id refers."""
    return next((disk for disk in session.all(DISK) if source == disk.id or source.endswith(f"/{disk.id}")), None)


def users_of(session: Session, disk: Record) -> list[Record]:
    """Returns the instances to which a disk is attached."""
    return [
        instance
        for instance in session.all(INSTANCE)
        if any(_names(attached, disk) for attached in instance.inputs.get("attachedDisks", ()))
    ]


def _names(attached: Mapping[str, Any], disk: Record) -> bool:
    source = str(attached["source"])
    return source == disk.id or source.endswith(f"/{disk.id}")


class Disk(GcpResource):
    """An empty persistent disk in a zone."""

    def own_rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.name(inputs)
        yield from rules.placed("zone", inputs, self.cloud.settings)
        yield from rules.one_of("type", inputs.get("type"), DISK_TYPES, "a type of disk")
        size = inputs.get("size")
        if isinstance(size, int) and not 10 <= size <= _MOST_GB:
            yield Problem("size", f"of {size} is out of bounds; it takes 10 to {_MOST_GB} GB")

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session
        return f"projects/{rules.PROJECT}/zones/{self._zone(inputs)}/disks"

    def outputs(self, session: Session, record: Record) -> Values:
        return {
            **super().outputs(session, record),
            **label_outputs(record),
            "creationTimestamp": record.facts["created"],
            "diskId": str(record.facts["number"]),
            "labelFingerprint": fingerprint(record.inputs.get("labels", {})),
            "selfLink": self.link(record),
            "size": record.inputs.get("size", _DEFAULT_GB),
            "users": [self.link(instance) for instance in users_of(session, record)],
            "zone": self._zone(record.inputs),
        }

    def release(self, session: Session, record: Record) -> None:
        """Detaches the disk before its deletion, as the real provider does."""
        for instance in users_of(session, record):
            remaining = [attached for attached in instance.inputs["attachedDisks"] if not _names(attached, record)]
            session.put(replace(instance, inputs={**instance.inputs, "attachedDisks": remaining}))

    def _zone(self, inputs: Mapping[str, Any]) -> str:
        return str(inputs.get("zone") or self.cloud.settings["zone"])


class Image(GcpResource):
    """An image created from an archive. A simulated bucket cannot store objects, so the archive is not checked."""

    def own_rules(self, inputs: Values) -> Iterator[Problem]:
        yield from rules.name(inputs)
        raw = inputs.get("rawDisk")
        if raw is None:
            yield Problem("rawDisk", "is missing; other sources of images are not simulated")
        source = raw.get("source") if isinstance(raw, dict) else None
        if isinstance(source, str) and not _ARCHIVE.fullmatch(source):
            yield Problem("rawDisk.source", f'"{source}" is not an archive; write gs://BUCKET/NAME.tar.gz')
        features = inputs.get("guestOsFeatures")
        for index, feature in enumerate(features if isinstance(features, list) else ()):
            kind = feature.get("type") if isinstance(feature, dict) else None
            yield from rules.one_of(f"guestOsFeatures[{index}].type", kind, _FEATURES, "a feature of guests")

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session, inputs
        return f"projects/{rules.PROJECT}/global/images"

    def outputs(self, session: Session, record: Record) -> Values:
        return {
            **super().outputs(session, record),
            **label_outputs(record),
            "archiveSizeBytes": 0,
            "creationTimestamp": record.facts["created"],
            "diskSizeGb": record.inputs.get("diskSizeGb", 10),
            "labelFingerprint": fingerprint(record.inputs.get("labels", {})),
            "selfLink": self.link(record),
            "storageLocations": record.inputs.get("storageLocations", ["us"]),
        }
