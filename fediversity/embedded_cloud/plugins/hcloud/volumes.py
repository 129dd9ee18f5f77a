"""Implements Hetzner's volumes and their attachment to servers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins.cloud import CloudResource
from fediversity.embedded_cloud.plugins.hcloud import rules
from fediversity.embedded_cloud.plugins.hcloud.attachments import of_server
from fediversity.embedded_cloud.plugins.hcloud.facts import SERVER, VOLUME, VOLUME_ATTACHMENT
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session
from fediversity.fleet.providers.hetzner.catalogue import LOCATIONS
from fediversity.fleet.providers.hetzner.names import MOST_VOLUMES

SMALLEST_GB, LARGEST_GB = 10, 10240
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


class Volume(CloudResource):
    """A separate disk that outlives its server. Simulated machines do not have the disk.

    Its format is used only at creation; a later change has no effect, as at Hetzner.
    """

    def rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.label_problems(inputs)
        name, size = inputs.get("name"), inputs.get("size")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            yield Problem(
                "name", f'"{name}" is not a valid volume name; use at most 64 letters, digits and ._- between them'
            )
        if isinstance(size, int) and not SMALLEST_GB <= size <= LARGEST_GB:
            yield Problem("size", f"of {size} is out of bounds; it takes {SMALLEST_GB} to {LARGEST_GB} GB")
        yield from rules.one_of("location", inputs.get("location"), LOCATIONS, "a Hetzner location")
        yield from rules.one_of("format", inputs.get("format"), {"ext4", "xfs"}, "a format of a volume")
        if "location" not in inputs:
            yield Problem("location", f"is missing; one of {', '.join(LOCATIONS)}")

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return api_error(f'the volume name "{inputs["name"]}" is already used', "uniqueness_error", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        del session
        if current is not None and inputs["size"] < current.inputs["size"]:
            message = f'volume "{current.name}" has {current.inputs["size"]} GB and cannot shrink to {inputs["size"]}'
            raise api_error(message, "invalid_input")

    def outputs(self, session: Session, record: Record) -> Values:
        attachment = session.get(VOLUME_ATTACHMENT, record.id)
        return {
            "labels": record.inputs.get("labels", {}),
            "linuxDevice": f"/dev/disk/by-id/scsi-0HC_Volume_{record.id}",
            "serverId": attachment.inputs["serverId"] if attachment else 0,
        }

    def check_deletable(self, session: Session, record: Record) -> None:
        del session
        if record.inputs.get("deleteProtection"):
            raise api_error(f'volume "{record.name}" is protected against deletion', "protected")

    def release(self, session: Session, record: Record) -> None:
        """Detaches the volume before its deletion, as the real provider does."""
        if (attachment := session.get(VOLUME_ATTACHMENT, record.id)) is not None:
            session.remove(attachment)


class VolumeAttachment(CloudResource):
    """A volume attached to a server. Its id is that of the volume, which can be attached to one server only."""

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        del session
        return "", str(inputs["volumeId"])

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        del session, inputs, scope
        return name

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f"volume {inputs['volumeId']} is attached to a server already; detach it first"
        return api_error(message, "volume_already_attached", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        volume, server = session.get(VOLUME, str(inputs["volumeId"])), session.get(SERVER, str(inputs["serverId"]))
        if volume is None:
            raise api_error(f"volume {inputs['volumeId']} not found", "not_found", "not_found")
        if server is None:
            raise api_error(f"server {inputs['serverId']} not found", "not_found", "not_found")
        if volume.inputs["location"] != server.facts["location"]:
            message = f'volume "{volume.name}" is in {volume.inputs["location"]}'
            raise api_error(f'{message}, server "{server.name}" in {server.facts["location"]}', "invalid_input")
        if current is None and len([*of_server(session, VOLUME_ATTACHMENT, server.id)]) >= MOST_VOLUMES:
            message = f'server "{server.name}" has {MOST_VOLUMES} volumes, which is the most it can have'
            raise api_error(message, "resource_limit_exceeded")

    def outputs(self, session: Session, record: Record) -> Values:
        del session, record
        return {"automount": False}
