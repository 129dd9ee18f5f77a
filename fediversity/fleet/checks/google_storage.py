"""What Cloud Storage and Cloud KMS want of each other."""

from collections.abc import Iterator

from fediversity.fleet.diagnostics import Finding, choose
from fediversity.fleet.google import kms_location
from fediversity.fleet.model import Fleet


def bucket_keys(fleet: Fleet) -> Iterator[Finding]:
    """A bucket's key is there, and kept where the bucket lives."""
    keys = fleet.gcp.keys if fleet.gcp is not None else {}
    for name, bucket in fleet.buckets.items():
        if bucket.key is None:
            continue
        where = ("buckets", name, "key")
        if bucket.key not in keys:
            fix = choose(bucket.key, keys)
            yield Finding(where, f"unknown key '{bucket.key}'", fix, absent=("gcp", "keys", bucket.key))
        elif keys[bucket.key].location != bucket.location:
            kept = keys[bucket.key].location
            what = f"the key '{bucket.key}' is kept in '{kept}', and the bucket lives in '{bucket.location}'"
            called = kms_location(bucket.location)
            note = f" (Cloud KMS calls it '{called}')" if called != bucket.location else ""
            yield Finding(where, what, f"use a key with `location: {bucket.location}`{note}, or move the bucket")
