"""Implements Hetzner's placement groups."""

from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins.cloud import CloudResource
from fediversity.embedded_cloud.plugins.hcloud import rules
from fediversity.embedded_cloud.plugins.hcloud.attachments import group_members
from fediversity.embedded_cloud.plugins.hcloud.facts import PLACEMENT_GROUP
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session
from fediversity.fleet.providers.hetzner.names import MOST_IN_A_GROUP


class PlacementGroup(CloudResource):
    """Servers that never share a physical host. Here all of them do; only the group's membership is simulated."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.label_problems(inputs)
        yield from rules.one_of("type", inputs.get("type"), {"spread"}, "a type of placement group")

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        message = f'the placement group name "{inputs["name"]}" is already used'
        return api_error(message, "uniqueness_error", "already_exists")

    def outputs(self, session: Session, record: Record) -> Values:
        members = sorted(int(server.id) for server in group_members(session, record.id))
        return {"labels": record.inputs.get("labels", {}), "servers": members}

    def check_deletable(self, session: Session, record: Record) -> None:
        if members := group_members(session, record.id):
            names = ", ".join(server.name for server in members)
            raise api_error(f'placement group "{record.name}" still has {names}', "resource_in_use")


def admit_to_group(session: Session, wanted: object, current: Record | None, *, running: bool) -> None:
    """Checks whether a server may join a group (None: no group). `current` is the existing server, if any. Raises
    CloudError.

    A running server cannot join a group and, as with the real provider, cannot leave one.
    """
    before = None if current is None else current.inputs.get("placementGroupId")
    if before == wanted:
        return
    if current is not None and running:
        if before is not None:
            message = "removing a running server from a placement group is not supported by the provider"
            raise CloudError(f"{message}: shut it down, then try again (simulated)")
        raise api_error("the server must be off to be added to a placement group", "server_not_stopped")
    if wanted is None:
        return
    group = session.get(PLACEMENT_GROUP, str(wanted))
    if group is None:
        raise CloudError(f"placement group not found: {wanted}", "not_found")
    if len(group_members(session, group.id)) >= MOST_IN_A_GROUP:
        message = f'placement group "{group.name}" has {MOST_IN_A_GROUP} servers, which is the most it can have'
        raise api_error(message, "placement_error")
