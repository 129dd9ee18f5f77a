"""Who gets at things: the public, strong keys, roles, and secrets that stand where they can be read."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from fediversity.fleet.google import BASIC_ROLES
from fediversity.fleet.secret_scan import key_material
from fediversity.policy.resources import UNSEEN, Breach, DeclaredResource, Stack

_BUCKET = "gcp:storage/bucket:Bucket"
_INSTANCE = "gcp:compute/instance:Instance"
_SSH_KEY = "hcloud:index/sshKey:SshKey"

_EVERYBODY = ("allUsers", "allAuthenticatedUsers")
_STRONG = frozenset(
    {
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        *(f"ecdsa-sha2-nistp{bits}" for bits in (256, 384, 521)),
    }
)
_RSA_BITS = 3072


def public_buckets(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """No bucket, and nothing else at Google, is public."""
    del stack
    if declared.package != "gcp":
        return
    if declared.type == _BUCKET:
        if declared.inputs.get("uniformBucketLevelAccess", False) is False:
            yield Breach("has access lists for single objects", "set uniform bucket-level access", declared.where)
        if declared.inputs.get("publicAccessPrevention", "inherited") not in ("enforced", UNSEEN):
            yield Breach("can be made public", "set public access prevention to `enforced`", declared.where)
    for text in _texts(declared.inputs):
        if text.rpartition(":")[2] in _EVERYBODY or any(f'"{who}"' in text for who in _EVERYBODY):
            yield Breach("lets everybody in", "name the accounts that may use it", declared.where)
            return
    if str(declared.inputs.get("predefinedAcl", "")).startswith(("public", "authenticatedRead")):
        yield Breach("lets everybody in", "leave the predefined list out", declared.where)


def ssh_keys(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Who logs in does so by a key that nobody can compute: of a curve, or RSA of 3072 bits."""
    del stack
    lines: list[Any] = []
    if declared.type == _SSH_KEY:
        lines = [declared.inputs.get("publicKey")]
    elif declared.type == _INSTANCE and isinstance(metadata := declared.inputs.get("metadata"), Mapping):
        text = metadata.get("ssh-keys")
        lines = [line.partition(":")[2] for line in text.splitlines()] if isinstance(text, str) else []
    for line in lines:
        if isinstance(line, str) and (weak := weakness(line)) is not None:
            fix = "make another: `ssh-keygen -t ed25519`"
            yield Breach(f"lets in an SSH key that is too weak: {weak}", fix, ("operators",))


def weakness(line: str) -> str | None:
    """Why a public key in one line of OpenSSH is too weak; None if it is strong."""
    kind, _, rest = line.strip().partition(" ")
    if kind in _STRONG:
        return None
    if kind != "ssh-rsa":
        return f"a key of type {kind}"
    try:
        bits = _rsa_bits(base64.b64decode(rest.split()[0], validate=True))
    except (binascii.Error, IndexError, ValueError):
        return "a key that cannot be read"
    return None if bits >= _RSA_BITS else f"an RSA key of {bits} bits"


def _rsa_bits(blob: bytes) -> int:
    """The length of the modulus: the third of the strings, each after its length, that a key consists of (RFC 4253)."""
    parts = []
    while blob:
        length = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + length:
            raise ValueError("a string is cut off")
        parts.append(blob[4 : 4 + length])
        blob = blob[4 + length :]
    return int.from_bytes(parts[2], "big").bit_length()


def basic_roles(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Nobody has a role over a whole project, as the default service account of instances has."""
    del stack
    if declared.package != "gcp":
        return
    where = (*declared.where, "provider", "roles") if declared.machine else declared.where
    if found := sorted(BASIC_ROLES & set(_texts(declared.inputs))):
        yield Breach(f"gives {found[0]} over the whole project", "name the roles that are really needed", where)
    account = declared.inputs.get("serviceAccount")
    if declared.type == _INSTANCE and isinstance(account, Mapping) and not account.get("email"):
        fix = "list `roles:`, which gives it an account of its own"
        yield Breach("runs as the project's default service account, which may edit everything", fix, where)


def secrets_in_clear(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """No private key stands in an input that is not kept as a secret."""
    del stack
    for where in key_material(_visible(declared.inputs)):
        what = f"its property {'.'.join(map(str, where))} holds a private key that everybody can read"
        yield Breach(what, "let the machine get it by a var or a sops file (docs/secrets.md)", declared.where)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _visible(value: Any) -> Any:
    """The value without what cannot be seen."""
    if isinstance(value, Mapping):
        return {str(name): _visible(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_visible(inner) for inner in value]
    return value if isinstance(value, str) else None
