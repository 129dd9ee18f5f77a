"""An S3 bucket (or a compatible one) and a key of Amazon's KMS, by the `aws` command.

Commands and their parameters: https://docs.aws.amazon.com/cli/latest/reference/s3api/ and …/kms/, of 2026-11.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from fediversity.state.actions import NEW_KEY, Action, CommandResult, Mismatch, ResourceState, Run
from fediversity.state.backend_spec import AwsKey, S3Bucket, StateError

_FIRST_REGION = "us-east-1"
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_ENCRYPTION = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
_ERROR = re.compile(r"An error occurred \((?P<code>[^)]+)\)")
_NOT_OFFERED = frozenset({"NotImplemented", "MethodNotAllowed", "UnsupportedOperation"})
"""The error codes of an S3-compatible service that lacks an operation."""


def inspect_bucket(bucket: S3Bucket, run: Run, *, accept_unencrypted: bool = False) -> ResourceState:
    """Returns the state of the bucket. Raises StateError if it cannot be read."""
    answer = run(_s3(bucket, "head-bucket"))
    code = _code(answer)
    if code in ("404", "NoSuchBucket"):
        return ResourceState(make=creation_of_bucket(bucket))
    if code == "403":
        raise StateError(
            f"the bucket {bucket.name} exists, and is not yours or not to be looked at: choose another name"
        )
    _require(answer, f"the bucket {bucket.name}")
    return (
        _versions(bucket, run)
        + _public_access(bucket, run)
        + _encryption(bucket, run, accept_unencrypted)
        + _transport(bucket, run)
    )


def creation_of_bucket(bucket: S3Bucket) -> tuple[Action, ...]:
    """Returns the actions that create the bucket with all that it must have."""
    # The first region must not be named, and a compatible service has one place for each end point.
    named = bucket.region != _FIRST_REGION and bucket.endpoint is None
    place = ("--create-bucket-configuration", f"LocationConstraint={bucket.region}") if named else ()
    steps = [
        Action(f"make the bucket {bucket.name} in {bucket.region}", _s3(bucket, "create-bucket", *place)),
        _version_step(bucket),
    ]
    if bucket.endpoint is None:
        steps += [_block_step(bucket), _encryption_step(bucket), _transport_step(bucket)]
    return tuple(steps)


def _versions(bucket: S3Bucket, run: Run) -> ResourceState:
    there = _answered(run(_s3(bucket, "get-bucket-versioning")), f"the versions of {bucket.name}")
    if (there or {}).get("Status") == "Enabled":
        return ResourceState(fits=(f"{bucket.name} is there and keeps old versions",))
    text = f"{bucket.name} keeps no old versions, so a lost state could not be brought back"
    return ResourceState(wrong=(Mismatch(text, _version_step(bucket)),))


def _public_access(bucket: S3Bucket, run: Run) -> ResourceState:
    answer = run(_s3(bucket, "get-public-access-block"))
    code = _code(answer)
    if bucket.endpoint and code in _NOT_OFFERED:
        return _grants(bucket, run)
    if code == "NoSuchPublicAccessBlockConfiguration":
        blocks: Mapping[str, Any] = {}
    else:
        there = _answered(answer, f"the public access of {bucket.name}")
        blocks = (there or {}).get("PublicAccessBlockConfiguration") or {}
    if all(blocks.get(block) is True for block in _BLOCKS):
        return ResourceState(fits=(f"{bucket.name} can never be public",))
    open_ = ", ".join(block for block in _BLOCKS if blocks.get(block) is not True)
    return ResourceState(wrong=(Mismatch(f"{bucket.name} may be public: not set are {open_}", _block_step(bucket)),))


def _grants(bucket: S3Bucket, run: Run) -> ResourceState:
    """Checks who may read a bucket of an end point that cannot forbid public access as a whole."""
    there = _answered(run(_s3(bucket, "get-bucket-acl")), f"the access list of {bucket.name}")
    groups = {str((grant.get("Grantee") or {}).get("URI", "")) for grant in (there or {}).get("Grants") or ()}
    if any(group.endswith(("/AllUsers", "/AuthenticatedUsers")) for group in groups):
        step = Action("remove public access", _s3(bucket, "put-bucket-acl", "--acl", "private"))
        return ResourceState(wrong=(Mismatch(f"{bucket.name} is publicly readable", step),))
    remark = f"the end point cannot keep {bucket.name} from being made public later; it is not public now"
    return ResourceState(remarks=(remark,))


def _encryption(bucket: S3Bucket, run: Run, accept_unencrypted: bool) -> ResourceState:
    answer = run(_s3(bucket, "get-bucket-encryption"))
    code = _code(answer)
    if bucket.endpoint and code in _NOT_OFFERED | {"ServerSideEncryptionConfigurationNotFoundError"}:
        text = (
            f"the end point does not encrypt {bucket.name} by itself: its disks hold all of the state in plain text "
            "except the secret values"
        )
        if accept_unencrypted:
            return ResourceState(remarks=(text,))
        return ResourceState(wrong=(Mismatch(f"{text}; --accept-unencrypted takes it as it is", None),))
    if code == "ServerSideEncryptionConfigurationNotFoundError":
        return ResourceState(wrong=(Mismatch(f"{bucket.name} is not encrypted", _encryption_step(bucket)),))
    there = _answered(answer, f"the encryption of {bucket.name}")
    rules = ((there or {}).get("ServerSideEncryptionConfiguration") or {}).get("Rules") or ()
    defaults = (rule.get("ApplyServerSideEncryptionByDefault") or {} for rule in rules)
    by = sorted({str(default["SSEAlgorithm"]) for default in defaults if default.get("SSEAlgorithm")})
    if not by:
        return ResourceState(wrong=(Mismatch(f"{bucket.name} is not encrypted", _encryption_step(bucket)),))
    return ResourceState(fits=(f"{bucket.name} is encrypted ({', '.join(by)})",))


def _transport(bucket: S3Bucket, run: Run) -> ResourceState:
    if bucket.endpoint:
        return ResourceState()
    answer = run(_s3(bucket, "get-bucket-policy"))
    if _code(answer) == "NoSuchBucketPolicy":
        return ResourceState(wrong=(Mismatch(f"{bucket.name} may be reached without TLS", _transport_step(bucket)),))
    there = _answered(answer, f"the policy of {bucket.name}")
    try:
        statements = json.loads((there or {}).get("Policy") or "{}").get("Statement") or []
    except ValueError:
        statements = []
    if any(_forbids_plain(statement) for statement in statements):
        return ResourceState(fits=(f"{bucket.name} is reached by TLS only",))
    statement = json.dumps(transport_statement(bucket))
    text = (
        f"{bucket.name} may be reached without TLS. It has a policy of its own; add this statement to it: {statement}"
    )
    return ResourceState(wrong=(Mismatch(text, None),))


def transport_statement(bucket: S3Bucket) -> dict[str, Any]:
    """Returns a policy statement that refuses access without TLS."""
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket.name}", f"arn:aws:s3:::{bucket.name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _forbids_plain(statement: Mapping[str, Any]) -> bool:
    condition = (statement.get("Condition") or {}).get("Bool") or {}
    return statement.get("Effect") == "Deny" and str(condition.get("aws:SecureTransport")).lower() == "false"


def inspect_key(key: AwsKey, run: Run) -> ResourceState:
    """Returns the state of the key. Raises StateError if it cannot be read."""
    answer = run(_kms(key, "describe-key", "--key-id", f"alias/{key.alias}"))
    if _code(answer) == "NotFoundException":
        return ResourceState(make=creation_of_key(key))
    there = (_answered(answer, f"the key alias/{key.alias}") or {}).get("KeyMetadata") or {}
    name = f"the key alias/{key.alias}"
    if there.get("KeyUsage", "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT" or there.get("KeySpec") != "SYMMETRIC_DEFAULT":
        return ResourceState(wrong=(Mismatch(f"{name} is not a symmetric key for encryption", None),))
    if there.get("KeyState") != "Enabled":
        return ResourceState(wrong=(Mismatch(f"{name} cannot encrypt: it is {there.get('KeyState')}", None),))
    return ResourceState(fits=(f"{name} is there and fits",))


def creation_of_key(key: AwsKey) -> tuple[Action, ...]:
    """Returns the actions that create the key, rotated every year, and its alias."""
    description = "Secrets in the state of a Pulumi stack"
    alias = f"alias/{key.alias}"
    return (
        Action(f"make a key in {key.region}", _kms(key, "create-key", "--description", description)),
        Action(f"name it {alias}", _kms(key, "create-alias", "--alias-name", alias, "--target-key-id", NEW_KEY)),
        Action("rotate it every year", _kms(key, "enable-key-rotation", "--key-id", NEW_KEY)),
    )


def new_key_id(answer: CommandResult) -> str | None:
    """Returns the id of the key that `create-key` created; None if the answer is another command's."""
    try:
        metadata = json.loads(answer.out).get("KeyMetadata")
    except (ValueError, AttributeError):
        return None
    return str(metadata["KeyId"]) if isinstance(metadata, Mapping) and "KeyId" in metadata else None


def _version_step(bucket: S3Bucket) -> Action:
    command = _s3(bucket, "put-bucket-versioning", "--versioning-configuration", "Status=Enabled")
    return Action("keep old versions of what is written to it", command)


def _block_step(bucket: S3Bucket) -> Action:
    blocks = ",".join(f"{block}=true" for block in _BLOCKS)
    command = _s3(bucket, "put-public-access-block", "--public-access-block-configuration", blocks)
    return Action("keep it from ever being public", command)


def _encryption_step(bucket: S3Bucket) -> Action:
    rules = ("--server-side-encryption-configuration", json.dumps(_ENCRYPTION))
    return Action("encrypt what is written to it", _s3(bucket, "put-bucket-encryption", *rules))


def _transport_step(bucket: S3Bucket) -> Action:
    policy = {"Version": "2012-10-17", "Statement": [transport_statement(bucket)]}
    return Action("refuse access without TLS", _s3(bucket, "put-bucket-policy", "--policy", json.dumps(policy)))


def _s3(bucket: S3Bucket, operation: str, *options: str) -> tuple[str, ...]:
    where = ("--endpoint-url", bucket.endpoint) if bucket.endpoint else ()
    return ("aws", "s3api", operation, "--bucket", bucket.name, *options, "--region", bucket.region, *where, *_JSON)


def _kms(key: AwsKey, operation: str, *options: str) -> tuple[str, ...]:
    return ("aws", "kms", operation, *options, "--region", key.region, *_JSON)


_JSON = ("--output", "json")


def _code(answer: CommandResult) -> str | None:
    """Returns the code of the error in the answer; None if there is none."""
    found = _ERROR.search(answer.err) if answer.status != 0 else None
    return found["code"] if found else None


def _answered(answer: CommandResult, what: str) -> Any:
    """Returns the JSON of the answer; None if it is empty."""
    _require(answer, what)
    try:
        return json.loads(answer.out) if answer.out.strip() else None
    except ValueError:
        raise StateError(f"aws described {what} in a form that is not JSON") from None


def _require(answer: CommandResult, what: str) -> None:
    if answer.status != 0:
        raise StateError(f"{what} cannot be looked at; aws says: {answer.err.strip() or 'nothing'}")
