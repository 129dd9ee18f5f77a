"""Implements Hetzner's SSH keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from fediversity.embedded_cloud.plugins import labels
from fediversity.embedded_cloud.plugins.cloud import CloudResource
from fediversity.embedded_cloud.plugins.hcloud import rules
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import Record, Session


class SshKey(CloudResource):
    """A public key that new servers accept. Both names and keys are unique in a project."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        return rules.ssh_key(inputs)

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        return api_error(f'the SSH key name "{inputs["name"]}" is already used', "uniqueness_error", "already_exists")

    def check_rules(self, session: Session, inputs: Mapping[str, Any], current: Record | None) -> None:
        fingerprint = self._fingerprint(inputs)
        for other in session.all(self.type):
            if (current is None or other.id != current.id) and self._fingerprint(other.inputs) == fingerprint:
                message = f'the SSH key is already there under the name "{other.name}"'
                raise api_error(message, "uniqueness_error", "already_exists")

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        return {"fingerprint": self._fingerprint(record.inputs), "labels": record.inputs.get("labels", {})}

    @staticmethod
    def _fingerprint(inputs: Mapping[str, Any]) -> str:
        return labels.md5_fingerprint(labels.public_key_blob(inputs["publicKey"]) or b"")
