"""What a fleet has at Google besides machines: its project, keys and buckets."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from fediversity.fleet.base import Label, Model, fail_validation, form, in_schema
from fediversity.fleet.diagnostics import choose
from fediversity.fleet.providers.google.catalogue import BUCKET_LOCATIONS

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")


def _bucket_location(value: str) -> str:
    if value not in BUCKET_LOCATIONS:
        fail_validation(f"unknown bucket location '{value}'", choose(value.lower(), BUCKET_LOCATIONS))
    return value


def _bucket_name(value: str) -> str:
    if not _BUCKET.fullmatch(value):
        fix = "use 3 to 63 lower-case letters, digits, '-', '_' or '.', beginning and ending with a letter or digit"
        fail_validation(f"'{value}' is not a bucket name", fix)
    if value.startswith("goog") or "google" in value:
        fail_validation(f"'{value}' is a name Google keeps for itself", "leave 'google' and 'goog…' out of it")
    return value


def _project(value: str) -> str:
    if not _PROJECT.fullmatch(value):
        fail_validation(
            f"'{value}' is not a Google Cloud project id", "use 6 to 30 lower-case letters, digits and hyphens"
        )
    return value


BucketLocation = Annotated[str, AfterValidator(_bucket_location), in_schema(enum=sorted(BUCKET_LOCATIONS))]
BucketName = Annotated[str, AfterValidator(_bucket_name), form(_BUCKET)]
ProjectId = Annotated[str, AfterValidator(_project), form(_PROJECT)]


class KmsKey(Model):
    """A key of Cloud KMS, which encrypts buckets. It can never be deleted, only its versions can."""

    location: BucketLocation
    """Where it is kept, which must be where the bucket lives."""
    rotation_days: int = Field(default=90, ge=1, le=36500)
    """How many days each version of it encrypts what is new."""


class Gcp(Model):
    """Where in Google Cloud everything of this fleet lives."""

    project: ProjectId
    keys: dict[Label, KmsKey] = Field(default_factory=dict)
    """Keys of Cloud KMS, by name; they are on the fleet's own key ring."""


class Bucket(Model):
    """A Cloud Storage bucket. Access is always uniform and never public."""

    provider: Literal["gcp"] = "gcp"
    location: BucketLocation
    """A region, a dual-region or a multi-region, in lower case."""
    storage_class: Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"] = "STANDARD"
    versioning: bool = True
    key: Label | None = None
    """The key under `gcp.keys` that encrypts it; Google's own if nothing is said."""
    keep_objects: bool = True
    """Whether the bucket refuses to be deleted while it holds objects."""
    import_: str | None = Field(default=None, alias="import")
    """`PROJECT/NAME` of the bucket, if it exists already and is taken over instead of being made."""
