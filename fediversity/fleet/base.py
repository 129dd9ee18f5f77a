"""What all fleet models share: frozen, no unknown keys, no silent conversion, and the field's names as types."""

import ipaddress
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_after_validator_function

from fediversity.fleet.diagnostics import choose
from fediversity.fleet.idn import check_letters

# Looking for plug-ins of pydantic's reads what every installed package says of itself; there are none for us.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


class Model(BaseModel):
    """A part of a fleet file. Frozen; refuses keys it does not know and values of the wrong type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def fail_validation(what: str, fix: str, *inside: str | int) -> NoReturn:
    """Refuses a value inside a validator: `what` was found, `fix` is what to write instead.

    `inside` leads from the validated value to the part of it that is wrong, if it is not the whole.
    """
    # The texts hold user data, which may contain braces: they are handed over as context, never as a template.
    raise PydanticCustomError("fleet", "{what}", {"what": what, "fix": fix, "inside": inside})


def in_schema(**keywords: Any) -> Any:
    """Returns what the JSON Schema says of a type, for editors; loading is checked by the type's validator alone."""
    return Field(json_schema_extra=keywords)


@dataclass(frozen=True, eq=False)
class Listed:
    """Makes a text type of words that must be one of `known`, for loading and in the JSON Schema.

    `what` is the name of such a word in messages.
    """

    what: str
    known: Collection[str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return handler(core) | {"enum": sorted(self.known)}

    def _check(self, value: str) -> str:
        if value not in self.known:
            fail_validation(f"unknown {self.what} '{value}'", choose(value, self.known))
        return value


def form(pattern: re.Pattern[str]) -> Any:
    """Returns the JSON Schema of a text that must match a pattern from end to end."""
    return in_schema(pattern=f"^({pattern.pattern})$")


_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_-]*")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PUBLIC_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com) [A-Za-z0-9+/]+={0,3}( .*)?"
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST_DOMAIN = 253


def _label(value: str) -> str:
    if not _LABEL.fullmatch(value):
        fail_validation(
            f"'{value}' is not a host name", "use lower-case letters, digits and inner hyphens, 63 at most (RFC 1123)"
        )
    return value


def _tag(value: str) -> str:
    if not _TAG.fullmatch(value):
        fail_validation(f"'{value}' is not a tag", "use letters, digits, hyphens and underscores, without spaces")
    return value


def _user(value: str) -> str:
    if not _USER.fullmatch(value):
        fail_validation(
            f"'{value}' is not a user name", "use lower-case letters, digits, hyphens and underscores, 32 at most"
        )
    return value


def is_domain(value: str) -> bool:
    """Returns whether `value` is a domain name in lower case without the final dot (RFC 1035; IDNA as `xn--`)."""
    return len(value) <= _LONGEST_DOMAIN and all(_LABEL.fullmatch(label) for label in value.split("."))


def is_address(value: str, version: int) -> bool:
    """Returns whether `value` is an IP address of that version, without an interface (`%eth0`)."""
    try:
        return ipaddress.ip_address(value).version == version and "%" not in value
    except ValueError:
        return False


def _domain(value: str) -> str:
    if (wrong := check_letters(value)) is not None:
        fail_validation(*wrong)
    if len(value) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(value):
        fail_validation(
            f"'{value}' is not a domain name", "write it like `fleet.example`, lower case, without a final dot"
        )
    return value


def _public_key(value: str) -> str:
    if not _PUBLIC_KEY.fullmatch(value):
        fail_validation("not an SSH public key", "write one line as in id_ed25519.pub: `ssh-ed25519 AAAA… comment`")
    return value


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        fail_validation(f"'{value}' is not an e-mail address", "write it like `person@fleet.example`")
    return value


def _port(value: int) -> int:
    if not 1 <= value <= 65535:
        fail_validation(f"{value} is not a port", "use a number from 1 to 65535")
    return value


Label = Annotated[str, AfterValidator(_label), form(_LABEL)]
Tag = Annotated[str, AfterValidator(_tag), form(_TAG)]
UserName = Annotated[str, AfterValidator(_user), form(_USER)]
Domain = Annotated[str, AfterValidator(_domain), form(_DOMAIN)]
PublicKey = Annotated[str, AfterValidator(_public_key), form(_PUBLIC_KEY)]
Email = Annotated[str, AfterValidator(_email), form(_EMAIL)]
Port = Annotated[int, AfterValidator(_port), in_schema(minimum=1, maximum=65535)]
Settings = dict[str, Any]

TAG_PREFIX = "tag:"
"""What stands before a tag in `after:`, where the name of a machine could stand."""

Waited = Annotated[str, in_schema(pattern=f"^({TAG_PREFIX}[a-zA-Z0-9_][a-zA-Z0-9_-]*|[a-z0-9][a-z0-9-]*)$")]
"""An entry of `after:`: a machine's name, or a tag's with its prefix."""
