"""How a cloud's account is reached: its Pulumi package, its credential, its end points.

Only the standard library is imported here and by the accounts of the clouds, so that settings are read at once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fediversity.fleet.model import Fleet


def no_section(fleet: "Fleet") -> bool:
    """Returns that no other section of a fleet file needs the account."""
    del fleet
    return False


def no_files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yields nothing: the plug-in reads no file."""
    del environ
    yield from ()


def any_url(url: str) -> str | None:
    """Returns None: the plug-in takes any URL."""
    del url
    return None


@dataclass(frozen=True)
class CloudAccount:
    """The account of a fleet at a cloud, and what Pulumi needs to reach it."""

    kind: str
    """The provider's word in a fleet file."""
    package: str
    """Pulumi's package, which settings name as well."""
    secret: str
    """The stack's encrypted setting that holds the credential."""
    variable: str
    """The variable of the environment that holds the credential itself."""
    plugin_version: str = ""
    """The version of the official plug-in; empty if the package's SDK is installed, whose version is the plug-in's."""
    other_variables: tuple[str, ...] = ()
    """More variables that may hold it, in the order in which the plug-in looks."""
    plugin_variables: tuple[str, ...] = ()
    """Variables from which the plug-in takes a credential by itself."""
    plugin_files: Callable[[Mapping[str, str]], Iterator[Path]] = no_files
    """Yields the files from which the plug-in takes a credential by itself, given the environment."""
    plugin_finds: str = ""
    """Where else the plug-in looks, in words that follow "the variable in the environment"."""
    secret_in_file: str = ""
    """The file that a person has the credential in, for an example; empty if it is one line."""
    login: str = ""
    """The command that logs a person in; empty if a credential is typed into the variable."""
    services: tuple[str, ...] = ()
    """The services whose end points are set one by one; empty if the cloud has one URL."""
    wrong_url: Callable[[str], str | None] = any_url
    """Returns what is wrong with a URL that the plug-in does not take."""
    elsewhere: Mapping[str, str] | None = None
    """Variables that the plug-in needs where end points are set."""
    needed_by: Callable[["Fleet"], bool] = no_section
    """Whether a section of a fleet other than its machines and zones needs the account."""
