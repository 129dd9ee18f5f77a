"""What Google Cloud does when the stand-in for `gcloud` asks it."""

from typing import Any, NoReturn

from fediversity.fleet.providers.google.catalogue import BUCKET_LOCATIONS
from tests.state.refusing import Cloud, Flags, RefusedError


def refuse(command: str, text: str) -> NoReturn:
    raise RefusedError(1, f"ERROR: (gcloud.{command.replace(' ', '.')}) {text}")


def gcloud(cloud: Cloud, command: str, positional: str, flags: Flags) -> Any:
    if "--project" not in flags:
        refuse(command, "The required property [project] is not currently set.")
    return (_gcs if command.startswith("storage") else _google_kms)(cloud, command, positional, flags)


def _gcs(cloud: Cloud, command: str, url: str, flags: Flags) -> Any:
    if not url.startswith("gs://"):
        refuse(command, f"Invalid bucket URL: {url}")
    name = url.removeprefix("gs://")
    if name in cloud["taken"]:
        if command.endswith("create"):
            refuse(command, "HTTPError 409: The requested bucket name is not available.")
        refuse(command, "HTTPError 403: does not have storage.buckets.get access to the Google Cloud Storage bucket.")
    bucket = cloud["gcs"].get(name)
    if command.endswith("create"):
        if bucket is not None:
            refuse(
                command,
                "HTTPError 409: Your previous request to create the named bucket succeeded and you already own it.",
            )
        location = flags.get("--location", "us").lower()
        if location not in BUCKET_LOCATIONS:
            refuse(command, "HTTPError 400: The specified location constraint is not valid.")
        cloud["gcs"][name] = {
            "name": name,
            "location": location.upper(),
            "iamConfiguration": {
                "uniformBucketLevelAccess": {"enabled": "--uniform-bucket-level-access" in flags},
                "publicAccessPrevention": "enforced" if "--public-access-prevention" in flags else "inherited",
            },
        }
        return None
    if bucket is None:
        refuse(command, f"gs://{name} not found: 404.")
    if command.endswith("update"):
        return _update(command, bucket, flags)
    if "--raw" not in flags or flags.get("--format") != "json":
        raise AssertionError("the stand-in knows the API's own form as JSON only")
    return bucket


def _update(command: str, bucket: Any, flags: Flags) -> None:
    if "--versioning" in flags:
        bucket["versioning"] = {"enabled": True}
    if "--uniform-bucket-level-access" in flags:
        bucket["iamConfiguration"]["uniformBucketLevelAccess"] = {"enabled": True}
    if "--public-access-prevention" in flags:
        bucket["iamConfiguration"]["publicAccessPrevention"] = "enforced"
    if "--clear-retention-period" in flags:
        if bucket.get("retentionPolicy", {}).get("isLocked"):
            refuse(command, "HTTPError 403: Cannot remove the retention policy of a locked bucket.")
        bucket.pop("retentionPolicy", None)


def _google_kms(cloud: Cloud, command: str, name: str, flags: Flags) -> Any:
    ring_name = name if "keyrings" in command else flags["--keyring"]
    place = f"projects/{flags['--project']}/locations/{flags['--location']}/keyRings/{ring_name}"
    ring = cloud["rings"].get(place)
    if "keyrings" in command:
        if command.endswith("create"):
            if ring is not None:
                refuse(command, f"ALREADY_EXISTS: KeyRing {place} already exists.")
            cloud["rings"][place] = {}
            return None
        if ring is None:
            refuse(command, f"NOT_FOUND: KeyRing {place} not found.")
        return {"name": place}
    if ring is None:
        refuse(command, f"NOT_FOUND: KeyRing {place} not found.")
    path = f"{place}/cryptoKeys/{name}"
    if command.endswith("describe"):
        if name not in ring:
            refuse(command, f"NOT_FOUND: CryptoKey {path} not found.")
        return ring[name]
    if name in ring:
        refuse(command, f"ALREADY_EXISTS: CryptoKey {path} already exists.")
    if flags["--purpose"] != "encryption":
        refuse(command, "INVALID_ARGUMENT: the stand-in makes keys for encryption only")
    if ("--rotation-period" in flags) != ("--next-rotation-time" in flags):
        refuse(command, "INVALID_ARGUMENT: a rotation period and the time of the next rotation belong together.")
    ring[name] = {
        "name": path,
        "purpose": "ENCRYPT_DECRYPT",
        "primary": {"state": "ENABLED"},
        **({"rotationPeriod": "7776000s"} if "--rotation-period" in flags else {}),
    }
    return None
