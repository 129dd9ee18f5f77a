"""Implements Cloud KMS: key rings and keys, which can never be deleted, and their members."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fediversity.embedded_cloud.plugins.cloud import Effect
from fediversity.embedded_cloud.plugins.gcp import rules
from fediversity.embedded_cloud.plugins.gcp.base import GcpResource, label_outputs
from fediversity.embedded_cloud.plugins.gcp.facts import CRYPTO_KEY, KEY_MEMBER, KEY_RING
from fediversity.embedded_cloud.plugins.gcp.iam import STORAGE_AGENT, Member
from fediversity.embedded_cloud.plugins.problems import CloudError, Problem, api_error
from fediversity.embedded_cloud.plugins.values import Values
from fediversity.embedded_cloud.store import LEFT_BEHIND, Record, Session
from fediversity.fleet.providers.google.catalogue import BUCKET_LOCATIONS
from fediversity.fleet.providers.google.names import kms_location

STORAGE_ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
LOCATIONS = frozenset(kms_location(location) for location in BUCKET_LOCATIONS) | {"global"}

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,63}")
_RING = re.compile(rf"projects/{rules.PROJECT}/locations/[a-z0-9-]+/keyRings/[a-zA-Z0-9_-]+")
_SECONDS = re.compile(r"([0-9]+)(\.[0-9]{1,9})?s")
_PURPOSES = frozenset({"ENCRYPT_DECRYPT", "ASYMMETRIC_SIGN", "ASYMMETRIC_DECRYPT", "MAC"})
_DAY = 24 * 60 * 60


def require_usable(session: Session, key_id: str, bucket_location: str) -> None:
    """Raises CloudError unless Cloud Storage can use the key to encrypt a bucket in that location."""
    key = session.get(CRYPTO_KEY, key_id)
    if key is None:
        raise api_error(f"Cloud KMS key '{key_id}' not found", "notFound", "not_found")
    if key.facts.get("destroyed"):
        raise api_error(f"Cloud KMS key '{key_id}' has no version that is enabled", "failedPrecondition")
    kept = key_id.split("/")[3]
    if kept != kms_location(bucket_location.lower()):
        message = f"Cloud KMS key '{key_id}' is in {kept}, which is not where the bucket is, {bucket_location}"
        raise api_error(message, "invalid")
    if session.find(KEY_MEMBER, f"{STORAGE_ROLE}/serviceAccount:{STORAGE_AGENT}", key_id) is None:
        message = "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been"
        raise api_error(f"{message} authorized to use this key.", "forbidden")


class _PermanentResource(GcpResource):
    """A resource that a deletion removes from Pulumi's state only: in the cloud it stays, and keeps its name."""

    def _remove(self, id_: str, outputs: Values) -> Sequence[Effect]:
        with self.cloud.store.writing() as session:
            record = self.find(session, id_, outputs)
            if record is not None:
                self.check_deletable(session, record)
                session.put(self.after_deletion(record))
        return ()

    def after_deletion(self, record: Record) -> Record:
        """Returns the record that remains after a deletion."""
        return replace(record, facts={**record.facts, LEFT_BEHIND: True})

    def _name_problems(self, inputs: Values) -> Iterator[Problem]:
        name = inputs.get("name")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            yield Problem("name", f'"{name}" is not a valid name in Cloud KMS; use up to 63 letters, digits, _ and -')


class KeyRing(_PermanentResource):
    """A key ring in a location."""

    def own_rules(self, inputs: Values) -> Iterator[Problem]:
        yield from self._name_problems(inputs)
        yield from rules.one_of("location", inputs.get("location"), LOCATIONS, "a location of Cloud KMS")

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        del session
        return f"projects/{rules.PROJECT}/locations/{inputs['location']}/keyRings"

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        what = f"KeyRing {rules.PROJECT}/{inputs['location']}/{inputs['name']} already exists"
        return api_error(f"{what}; key rings are never deleted, import it", "alreadyExists", "already_exists")

    def outputs(self, session: Session, record: Record) -> Values:
        del session, record
        return {"project": rules.PROJECT}


class CryptoKey(_PermanentResource):
    """A symmetric key. Deleting it destroys its versions and ends its rotation."""

    def own_rules(self, inputs: Values) -> Iterator[Problem]:
        yield from self._name_problems(inputs)
        ring, period, purpose = (inputs.get(key) for key in ("keyRing", "rotationPeriod", "purpose"))
        if isinstance(ring, str) and not _RING.fullmatch(ring):
            yield Problem("keyRing", f'"{ring}" is not the id of a key ring')
        yield from rules.one_of("purpose", purpose, _PURPOSES, "a purpose of keys")
        if isinstance(purpose, str) and purpose != "ENCRYPT_DECRYPT":
            yield Problem("purpose", f'"{purpose}" is not simulated by the embedded cloud')
        if isinstance(period, str):
            seconds = _SECONDS.fullmatch(period)
            if seconds is None:
                yield Problem("rotationPeriod", f'"{period}" is not a duration; write seconds like "7776000s"')
            elif int(seconds[1]) < _DAY:
                yield Problem("rotationPeriod", f'"{period}" is out of bounds; it takes a day (86400s) at least')

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        ring = session.get(KEY_RING, str(inputs["keyRing"]))
        if ring is None:
            raise api_error(f"KeyRing {inputs['keyRing']} not found", "notFound", "not_found")
        return f"{ring.id}/cryptoKeys"

    def name_conflict(self, inputs: Mapping[str, Any]) -> CloudError:
        what = f"CryptoKey {inputs['keyRing']}/cryptoKeys/{inputs['name']} already exists"
        return api_error(f"{what}; keys are never deleted", "alreadyExists", "already_exists")

    def after_deletion(self, record: Record) -> Record:
        kept = super().after_deletion(record)
        inputs = {name: value for name, value in kept.inputs.items() if name != "rotationPeriod"}
        return replace(kept, inputs=inputs, facts={**kept.facts, "destroyed": True})

    def outputs(self, session: Session, record: Record) -> Values:
        del session
        state = "DESTROY_SCHEDULED" if record.facts.get("destroyed") else "ENABLED"
        return {
            **label_outputs(record),
            "deletionPolicy": record.inputs.get("deletionPolicy", "DELETE"),
            "primaries": [{"name": f"{record.id}/cryptoKeyVersions/1", "state": state}],
        }


class KeyMember(Member):
    """A member of a role of a key."""

    def collection(self, session: Session, inputs: Mapping[str, Any]) -> str:
        key = session.get(CRYPTO_KEY, str(inputs["cryptoKeyId"]))
        if key is None:
            raise api_error(f"CryptoKey {inputs['cryptoKeyId']} not found", "notFound", "not_found")
        return key.id
