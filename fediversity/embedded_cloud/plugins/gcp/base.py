"""Implements what Google's resources have in common: paths as ids, projects, labels, deletion policies."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from fediversity.embedded_cloud.plugins.cloud import CloudResource
from fediversity.embedded_cloud.plugins.gcp import rules
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session


class GcpResource(CloudResource):
    """A resource of the project `simulated`. Its id is the path of its collection and its name."""

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        """Returns the path of the resource's collection, without a final slash."""
        raise NotImplementedError

    def own_rules(self, inputs: Values) -> Iterable[Problem]:
        """Yields problems beyond those checked for every resource."""
        raise NotImplementedError

    def rules(self, inputs: Values) -> Iterable[Problem]:
        yield from rules.common(inputs)
        yield from self.own_rules(inputs)

    def unique_key(self, session: Session, inputs: Mapping[str, Any]) -> tuple[str, str]:
        return self.collection(session, inputs), str(inputs["name"])

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        del session, inputs
        return f"{scope}/{name}"

    def find(self, session: Session, id_: str, values: Mapping[str, Any]) -> Record | None:
        """For an import, the name is accepted as well as the id, with or without the project."""
        record = super().find(session, id_, values)
        if record is not None or values:
            return record
        name = id_.removeprefix(f"{rules.PROJECT}/")
        named = [record for record in session.all(self.type) if record.name == name]
        return named[0] if len(named) == 1 else None

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return api_error(f"the resource '{inputs['name']}' already exists", "alreadyExists", "already_exists")

    def initial_facts(self, session: Session, inputs: Mapping[str, Any], id_: str) -> Values:
        del inputs, id_
        return {"number": session.number(), "created": datetime.now(UTC).isoformat(timespec="milliseconds")}

    def check_deletable(self, session: Session, record: Record) -> None:
        del session
        if record.inputs.get("deletionPolicy") == "PREVENT":
            raise CloudError(f"'{record.id}' has the deletion policy PREVENT; change it first (simulated)")

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        return {"project": rules.PROJECT, "deletionPolicy": record.inputs.get("deletionPolicy", "DELETE")}

    def link(self, record: Record) -> str:
        """Returns the URL of a resource, in the form by which other resources refer to it."""
        endpoint = self.cloud.settings.get("computeCustomEndpoint", rules.PROJECT)
        return f"{endpoint}/{record.id}"


def label_outputs(record: Record) -> Values:
    """Returns the labels as the provider reports them."""
    labels = dict(record.inputs.get("labels", {}))
    return {"effectiveLabels": labels, "pulumiLabels": labels}


def fingerprint(value: Any) -> str:
    """Returns a short hash in the format of Google's fingerprints."""
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    return base64.b64encode(digest[:8]).decode()
