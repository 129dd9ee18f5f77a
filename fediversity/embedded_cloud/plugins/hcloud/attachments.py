"""Finds and removes a server's attachments: private networks, volumes, reverse DNS names."""

from collections.abc import Iterator

from fediversity.embedded_cloud.plugins.hcloud.facts import RDNS, SERVER, SERVER_NETWORK, VOLUME_ATTACHMENT
from fediversity.embedded_cloud.store import Record, Session


def of_server(session: Session, type_: str, server_id: object) -> Iterator[Record]:
    """Returns the records of a type that refer to a server."""
    return (record for record in session.all(type_) if str(record.inputs.get("serverId")) == str(server_id))


def detach_from_server(session: Session, server: Record) -> None:
    """Detaches everything from a deleted server, as Hetzner does."""
    for type_ in (SERVER_NETWORK, VOLUME_ATTACHMENT, RDNS):
        for record in [*of_server(session, type_, server.id)]:
            session.remove(record)


def remove_reverse_names(session: Session, primary_ip: Record) -> None:
    """Removes the reverse DNS names of a deleted address."""
    for record in session.all(RDNS):
        if str(record.inputs.get("primaryIpId")) == primary_ip.id:
            session.remove(record)


def group_members(session: Session, group_id: object) -> list[Record]:
    """Returns the servers in a placement group."""
    return [server for server in session.all(SERVER) if str(server.inputs.get("placementGroupId")) == str(group_id)]
