"""What a prepared backend consists of: a bucket for the state and a secrets provider, with their Pulumi URLs."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from fediversity.fleet.providers.google.names import kms_location
from fediversity.support.errors import FediversityError

# Google's and Amazon's rules for bucket names, without dots: TLS to the bucket's own host does not work with them.
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]")
_KEY = re.compile(r"[a-zA-Z0-9_-]{1,63}")
_PLACE = re.compile(r"[a-z0-9-]+")


class StateError(FediversityError):
    """A backend that cannot be prepared as it was request for."""


@dataclass(frozen=True)
class GcsBucket:
    """A bucket of Google Cloud Storage. `location` is a region or a multi-region, in lower case."""

    name: str
    project: str
    location: str

    @property
    def url(self) -> str:
        return f"gs://{self.name}"


@dataclass(frozen=True)
class S3Bucket:
    """A bucket of Amazon S3, or of a compatible service if there is an `endpoint` (a URL)."""

    name: str
    region: str
    endpoint: str | None = None

    @property
    def url(self) -> str:
        extra = f"&endpoint={self.endpoint}&s3ForcePathStyle=true" if self.endpoint else ""
        return f"s3://{self.name}?region={self.region}{extra}"


@dataclass(frozen=True)
class GcpKey:
    """A key of Google's Cloud KMS."""

    project: str
    location: str
    ring: str
    name: str

    @property
    def url(self) -> str:
        return f"gcpkms://projects/{self.project}/locations/{self.location}/keyRings/{self.ring}/cryptoKeys/{self.name}"


@dataclass(frozen=True)
class AwsKey:
    """A key of Amazon's KMS, found by its alias (without `alias/`)."""

    alias: str
    region: str

    @property
    def url(self) -> str:
        return f"awskms://alias/{self.alias}?region={self.region}"


@dataclass(frozen=True)
class Passphrase:
    """A passphrase that people know. It needs no preparation, and this program never sees it."""

    @property
    def url(self) -> str:
        return "passphrase"


Bucket = GcsBucket | S3Bucket
SecretsProvider = GcpKey | AwsKey | Passphrase


@dataclass(frozen=True)
class BackendSpec:
    """The backend of one stack."""

    stack: str
    bucket: Bucket
    secrets_provider: SecretsProvider


@dataclass(frozen=True)
class BackendRequest:
    """A person's request, as it was written; None is what was left open."""

    stack: str
    bucket: str
    project: str | None = None
    location: str | None = None
    region: str | None = None
    endpoint: str | None = None
    secrets: str | None = None
    key_ring: str = "fediversity"
    key: str | None = None


def backend_spec(request: BackendRequest) -> BackendSpec:
    """Returns the backend that a request describes. Raises StateError with everything that is wrong or missing."""
    scheme, separator, name = request.bucket.partition("://")
    if not separator or scheme not in ("gs", "s3"):
        raise StateError(f"--bucket: '{request.bucket}' is no bucket; write gs://NAME or s3://NAME")
    secrets = request.secrets or _usual_secrets_provider(scheme, request.endpoint)
    wrong = [
        *_wrong_bucket(name),
        *_wrong_place(request, scheme, secrets),
        *_wrong_endpoint(request.endpoint, scheme),
        *(
            f"{option}: '{value}' is no name of a key; use letters, digits, - and _"
            for option, value in (("--key", request.key or "x"), ("--key-ring", request.key_ring))
            if not _KEY.fullmatch(value)
        ),
    ]
    if wrong:
        raise StateError("\n".join(wrong))
    bucket: Bucket = (
        GcsBucket(name, request.project or "", (request.location or "").lower())
        if scheme == "gs"
        else S3Bucket(name, request.region or "", request.endpoint)
    )
    return BackendSpec(request.stack, bucket, _secrets_provider(request, secrets))


def _usual_secrets_provider(scheme: str, endpoint: str | None) -> str:
    if scheme == "gs":
        return "gcpkms"
    return "passphrase" if endpoint else "awskms"


def _secrets_provider(request: BackendRequest, secrets: str) -> SecretsProvider:
    if secrets == "gcpkms":
        place = kms_location((request.location or "").lower())
        return GcpKey(request.project or "", place, request.key_ring, request.key or f"{request.stack}-state")
    if secrets == "awskms":
        return AwsKey(request.key or f"fediversity-{request.stack}", request.region or "")
    return Passphrase()


def _wrong_bucket(name: str) -> list[str]:
    if _BUCKET.fullmatch(name):
        return []
    return [f"--bucket: '{name}' is no name of a bucket; use 3 to 63 lower-case letters, digits and inner hyphens"]


def _wrong_place(request: BackendRequest, scheme: str, secrets: str) -> list[str]:
    needed = [
        ("--project", request.project, scheme == "gs" or secrets == "gcpkms", "the id of the Google Cloud project"),
        ("--location", request.location, scheme == "gs" or secrets == "gcpkms", "e.g. europe-west4"),
        ("--region", request.region, scheme == "s3" or secrets == "awskms", "e.g. eu-central-1"),
    ]
    wrong = [f"{option}: is missing; write {what}" for option, value, need, what in needed if need and not value]
    wrong += [
        f"{option}: '{value}' is no place; {what}"
        for option, value, _, what in needed
        if value and not _PLACE.fullmatch(value.lower())
    ]
    return wrong


def _wrong_endpoint(endpoint: str | None, scheme: str) -> list[str]:
    if endpoint is None:
        return []
    parts = urlsplit(endpoint)
    if scheme != "s3":
        return ["--endpoint: goes with an s3:// bucket only"]
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.path.strip("/") or parts.query:
        return [f"--endpoint: '{endpoint}' is no end point; write it like https://fsn1.your-objectstorage.com"]
    if parts.username or parts.password:
        return ["--endpoint: holds a credential; leave it to the environment"]
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        return ["--endpoint: must be https:// (http:// is for this computer only)"]
    return []
