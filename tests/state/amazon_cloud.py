"""What Amazon does when the stand-in for `aws` asks it; and an end point that is compatible with S3 in part."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from tests.state.refusing import Cloud, Flags, RefusedError

_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def _aws_error(code: str, operation: str, text: str) -> NoReturn:
    raise RefusedError(254, f"\nAn error occurred ({code}) when calling the {operation} operation: {text}")


def aws(cloud: Cloud, command: str, _: str, flags: Flags) -> Any:
    if "--region" not in flags:
        raise RefusedError(253, "\nYou must specify a region.")
    service, name = command.split()
    operation = "".join(part.capitalize() for part in name.split("-"))
    return (_s3 if service == "s3api" else _amazon_kms)(cloud, name, operation, flags)


def _s3(cloud: Cloud, name: str, operation: str, flags: Flags) -> Any:
    bucket_name, region = flags["--bucket"], flags["--region"]
    offered = cloud.get("offers", {}).get(flags.get("--endpoint-url", ""))
    if "--endpoint-url" in flags and offered is None:
        raise RefusedError(255, f'\nCould not connect to the endpoint URL: "{flags["--endpoint-url"]}"')
    if bucket_name in cloud["taken"]:
        if name == "create-bucket":
            _aws_error("BucketAlreadyExists", operation, "The requested bucket name is not available.")
        _aws_error("403", operation, "Forbidden")
    bucket = cloud["s3"].get(bucket_name)
    if name == "create-bucket":
        constraint = flags.get("--create-bucket-configuration", "").removeprefix("LocationConstraint=")
        if bucket is not None:
            _aws_error("BucketAlreadyOwnedByYou", operation, "Your previous request succeeded and you already own it.")
        if offered is None and constraint == "us-east-1":
            _aws_error("InvalidLocationConstraint", operation, "The specified location-constraint is not valid")
        if offered is None and constraint != ("" if region == "us-east-1" else region):
            text = f"The {constraint or 'unspecified'} location constraint is incompatible for the region."
            _aws_error("IllegalLocationConstraintException", operation, text)
        # Since 2023 S3 encrypts each new bucket and keeps it from being public.
        new = {"encryption": _rules("AES256"), "blocks": dict.fromkeys(_BLOCKS, True)} if offered is None else {}
        cloud["s3"][bucket_name] = {"region": region, **new}
        return {"Location": f"/{bucket_name}"}
    if bucket is None:
        _aws_error(*(("404", operation, "Not Found") if name == "head-bucket" else ("NoSuchBucket", operation, "")))
    if bucket["region"] != region:
        _aws_error("301", operation, "Moved Permanently")
    if offered is not None and name in _OPTIONAL and name not in offered:
        _aws_error("NotImplemented", operation, "A header you provided implies functionality that is not implemented.")
    return _S3[name](bucket, operation, flags)


_OPTIONAL = {"get-public-access-block", "put-public-access-block", "get-bucket-encryption", "put-bucket-encryption"}


def _rules(algorithm: str) -> dict[str, Any]:
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}]}


def _get(key: str, code: str, wrap: str) -> Callable[[Any, str, Flags], Any]:
    def read(bucket: Any, operation: str, _: Flags) -> Any:
        if key not in bucket:
            _aws_error(code, operation, "it was not found")
        return {wrap: bucket[key]}

    return read


def _put_versions(bucket: Any, operation: str, flags: Flags) -> None:
    key, _, status = flags["--versioning-configuration"].partition("=")
    if key != "Status" or status not in ("Enabled", "Suspended"):
        _aws_error("MalformedXML", operation, "The XML you provided was not well-formed")
    bucket["versioning"] = status


def _put_blocks(bucket: Any, _: str, flags: Flags) -> None:
    pairs = (pair.split("=") for pair in flags["--public-access-block-configuration"].split(","))
    bucket["blocks"] = {key: value == "true" for key, value in pairs}


def _put_encryption(bucket: Any, _: str, flags: Flags) -> None:
    bucket["encryption"] = json.loads(flags["--server-side-encryption-configuration"])


def _put_policy(bucket: Any, operation: str, flags: Flags) -> None:
    policy = json.loads(flags["--policy"])
    if policy.get("Version") != "2012-10-17" or not all("Resource" in one for one in policy["Statement"]):
        _aws_error("MalformedPolicy", operation, "Policy has invalid content")
    bucket["policy"] = flags["--policy"]


def _put_acl(bucket: Any, _: str, flags: Flags) -> None:
    bucket["grants"] = [] if flags["--acl"] == "private" else bucket.get("grants", [])


_S3: Mapping[str, Callable[[Any, str, Flags], Any]] = {
    "head-bucket": lambda bucket, *_: {"BucketRegion": bucket["region"]},
    "get-bucket-versioning": lambda bucket, *_: {"Status": bucket["versioning"]} if "versioning" in bucket else None,
    "put-bucket-versioning": _put_versions,
    "get-public-access-block": _get("blocks", "NoSuchPublicAccessBlockConfiguration", "PublicAccessBlockConfiguration"),
    "put-public-access-block": _put_blocks,
    "get-bucket-encryption": _get(
        "encryption", "ServerSideEncryptionConfigurationNotFoundError", "ServerSideEncryptionConfiguration"
    ),
    "put-bucket-encryption": _put_encryption,
    "get-bucket-policy": _get("policy", "NoSuchBucketPolicy", "Policy"),
    "put-bucket-policy": _put_policy,
    "get-bucket-acl": lambda bucket, *_: {"Grants": bucket.get("grants", [])},
    "put-bucket-acl": _put_acl,
}


def _amazon_kms(cloud: Cloud, name: str, operation: str, flags: Flags) -> Any:
    keys, aliases = cloud["keys"], cloud["aliases"]
    if name == "create-key":
        identity = f"key-{len(keys) + 1}"
        keys[identity] = {"KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled"}
        return {"KeyMetadata": {"KeyId": identity, **keys[identity]}}
    if name == "create-alias":
        if flags["--alias-name"] in aliases:
            _aws_error("AlreadyExistsException", operation, f"An alias with the name {flags['--alias-name']} exists")
        identity = flags["--target-key-id"]
    else:
        identity = aliases.get(flags["--key-id"], flags["--key-id"])
    if identity not in keys:
        _aws_error("NotFoundException", operation, f"Key '{identity}' does not exist")
    if name == "create-alias":
        aliases[flags["--alias-name"]] = identity
        return None
    if name == "enable-key-rotation":
        keys[identity]["rotated"] = True
        return None
    return {"KeyMetadata": {"KeyId": identity, **keys[identity]}}
