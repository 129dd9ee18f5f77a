"""A bucket and a key of Google Cloud, by the `gcloud` command.

Commands and their flags: https://cloud.google.com/sdk/gcloud/reference/storage/buckets and …/kms, of 2026-11. The
answers are those of the JSON API (`--raw`) and of Cloud KMS.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from fediversity.state.actions import Action, CommandResult, Mismatch, ResourceState, Run
from fediversity.state.backend_spec import GcpKey, GcsBucket, StateError

_ROTATION_DAYS = 90
_BUCKET_ABSENT = "not found: 404"
_KEY_ABSENT = "NOT_FOUND"


def inspect_bucket(bucket: GcsBucket, run: Run) -> ResourceState:
    """Returns the state of the bucket. Raises StateError if it cannot be read."""
    command = ("gcloud", "storage", "buckets", "describe", bucket.url, *_in(bucket.project), "--raw", "--format=json")
    there = _described(run(command), _BUCKET_ABSENT, f"the bucket {bucket.url}")
    return ResourceState(make=creation_of_bucket(bucket)) if there is None else bucket_mismatches(bucket, there)


def creation_of_bucket(bucket: GcsBucket) -> tuple[Action, ...]:
    """Returns the actions that create the bucket. A second one enables versions: `create` has no flag for them."""
    create = (
        *("gcloud", "storage", "buckets", "create", bucket.url, *_in(bucket.project), f"--location={bucket.location}"),
        *("--uniform-bucket-level-access", "--public-access-prevention"),
    )
    return (
        Action(f"make the bucket {bucket.url} in {bucket.location}, with uniform access and never public", create),
        _update(bucket, "keep old versions of what is written to it", "--versioning"),
    )


def bucket_mismatches(bucket: GcsBucket, there: Any) -> ResourceState:
    """Checks whether a bucket, as the JSON API describes it, can hold a state."""
    access = there.get("iamConfiguration") or {}
    retention = there.get("retentionPolicy") or {}
    wrong: list[Mismatch] = []
    if str(there.get("location", "")).lower() != bucket.location:
        at = str(there.get("location", "")).lower()
        wrong.append(Mismatch(f"{bucket.url} is in {at}, not in {bucket.location}, and cannot be moved by this", None))
    if not (access.get("uniformBucketLevelAccess") or {}).get("enabled"):
        step = _update(bucket, "take its objects' own access lists away", "--uniform-bucket-level-access")
        wrong.append(Mismatch(f"{bucket.url} has no uniform access: single objects may be readable to others", step))
    if access.get("publicAccessPrevention") != "enforced":
        step = _update(bucket, "keep it from ever being public", "--public-access-prevention")
        wrong.append(Mismatch(f"{bucket.url} may be public: public access prevention is not enforced", step))
    if not (there.get("versioning") or {}).get("enabled"):
        step = _update(bucket, "keep old versions of what is written to it", "--versioning")
        wrong.append(Mismatch(f"{bucket.url} keeps no old versions, so a lost state could not be brought back", step))
    if retention.get("retentionPeriod"):
        # Pulumi deletes a lock at the end of each run, which such a bucket refuses.
        step = _update(bucket, "let Pulumi delete its locks", "--clear-retention-period")
        text = f"{bucket.url} keeps every object for a time, so Pulumi could not delete its locks"
        wrong.append(Mismatch(text, None if retention.get("isLocked") else step))
    key = (there.get("encryption") or {}).get("defaultKmsKeyName")
    by = f"the key {key}" if key else "Google's own keys"
    fits = () if wrong else (f"{bucket.url} is there and fits: never public, versioned, encrypted by {by}",)
    return ResourceState(fits=fits, wrong=tuple(wrong))


def inspect_key(key: GcpKey, run: Run, now: datetime) -> ResourceState:
    """Returns the state of the key ring and the key. Raises StateError if it cannot be read."""
    place = (f"--location={key.location}", *_in(key.project))
    ring = ("gcloud", "kms", "keyrings", "describe", key.ring, *place, "--format=json")
    if _described(run(ring), _KEY_ABSENT, f"the key ring {key.ring}") is None:
        make = Action(
            f"make the key ring {key.ring} in {key.location} (a key ring can never be deleted)",
            ("gcloud", "kms", "keyrings", "create", key.ring, *place),
        )
        return ResourceState(make=(make, creation_of_key(key, now)))
    one = ("gcloud", "kms", "keys", "describe", key.name, f"--keyring={key.ring}", *place, "--format=json")
    there = _described(run(one), _KEY_ABSENT, f"the key {key.name}")
    return ResourceState(make=(creation_of_key(key, now),)) if there is None else key_mismatches(key, there)


def creation_of_key(key: GcpKey, now: datetime) -> Action:
    """Returns the action that creates the key. Rotation keeps older versions, which decrypt older data."""
    first = (now.astimezone(UTC) + timedelta(days=_ROTATION_DAYS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Action(
        f"make the key {key.name}, a new version of it every {_ROTATION_DAYS} days",
        (
            *("gcloud", "kms", "keys", "create", key.name, f"--keyring={key.ring}", f"--location={key.location}"),
            *(*_in(key.project), "--purpose=encryption", f"--rotation-period={_ROTATION_DAYS}d"),
            f"--next-rotation-time={first}",
        ),
    )


def key_mismatches(key: GcpKey, there: Any) -> ResourceState:
    """Checks whether a key, as Cloud KMS describes it, can encrypt a state's secrets."""
    name = f"the key {key.name} of the key ring {key.ring}"
    if there.get("purpose") != "ENCRYPT_DECRYPT":
        return ResourceState(wrong=(Mismatch(f"{name} is for {there.get('purpose')}, not for encryption", None),))
    state = (there.get("primary") or {}).get("state")
    if state != "ENABLED":
        return ResourceState(
            wrong=(Mismatch(f"{name} cannot encrypt: its primary version is {state or 'missing'}", None),)
        )
    never = () if there.get("rotationPeriod") else (f"{name} is never rotated",)
    return ResourceState(fits=(f"{name} is there and fits",), remarks=never)


def _in(project: str) -> tuple[str, ...]:
    return (f"--project={project}",)


def _update(bucket: GcsBucket, what: str, flag: str) -> Action:
    return Action(what, ("gcloud", "storage", "buckets", "update", bucket.url, *_in(bucket.project), flag))


def _described(answer: CommandResult, absent: str, what: str) -> Any:
    """Returns the JSON that `describe` printed; None if there is no such resource."""
    if answer.status == 0:
        try:
            return json.loads(answer.out)
        except ValueError:
            raise StateError(f"gcloud described {what} in a form that is not JSON") from None
    if absent in answer.err:
        return None
    raise StateError(f"{what} cannot be looked at; gcloud says: {answer.err.strip() or 'nothing'}")
