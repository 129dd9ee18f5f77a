"""Implements the settings of Cloud Storage buckets, which never contain objects."""

from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins.gcp import rules
from fediversity.embedded_cloud.plugins.gcp.base import GcpResource, label_outputs
from fediversity.embedded_cloud.plugins.gcp.iam import PROJECT_NUMBER
from fediversity.embedded_cloud.plugins.gcp.kms import require_usable
from fediversity.embedded_cloud.plugins.problems import Problem
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session

_WEEK = 604800


class Bucket(GcpResource):
    """A bucket. Its id is its name."""

    def own_rules(self, inputs: Values) -> Iterable[Problem]:
        return rules.bucket(inputs)

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session, inputs
        return ""

    def new_id(self, session: Session, inputs: Mapping[str, Any], scope: str, name: str) -> str:
        del session, inputs, scope
        return name

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        key = inputs.get("encryption", {}).get("defaultKmsKeyName")
        before = current.inputs.get("encryption", {}).get("defaultKmsKeyName") if current is not None else None
        if key is not None and key != before:
            require_usable(session, key, inputs["location"])

    def outputs(self, session: Session, record: Record) -> Values:
        inputs = record.inputs
        return {
            **super().outputs(session, record),
            **label_outputs(record),
            "location": inputs["location"].upper(),
            "projectNumber": PROJECT_NUMBER,
            "publicAccessPrevention": inputs.get("publicAccessPrevention", "inherited"),
            "selfLink": self.link(record),
            "softDeletePolicy": inputs.get("softDeletePolicy", {"retentionDurationSeconds": _WEEK}),
            "timeCreated": record.facts["created"],
            "uniformBucketLevelAccess": inputs.get("uniformBucketLevelAccess", False),
            "updated": record.facts["created"],
            "url": f"gs://{record.name}",
            "versioning": inputs.get("versioning", {"enabled": False}),
        }
