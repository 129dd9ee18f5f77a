"""The version of Pulumi that this project uses: read from `third_party/pulumi/go.mod`, its only place."""

import platform
import re
from dataclasses import dataclass
from pathlib import Path

from fediversity.bootstrap.report import BootstrapError

PINS = "third_party/pulumi"
"""The folder with the Go modules that pin Pulumi, below the top of the checkout."""

CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
CLI_MODULE = "github.com/pulumi/pulumi/pkg/v3"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
LANGUAGE_PACKAGE = f"{SDK_MODULE}/python/cmd/pulumi-language-python"

# The oldest Pulumi that is used when it is already on the computer: older ones lack `--continue-on-error`
# for destroy and the plug-in lookup by exact version.
OLDEST_PULUMI = (3, 200, 0)

_ARCHES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}


@dataclass(frozen=True)
class Release:
    """A published version of Pulumi for one kind of computer; `platform` as in `linux-x64`."""

    version: str
    platform: str

    @property
    def archive(self) -> str:
        return f"pulumi-v{self.version}-{self.platform}.tar.gz"

    @property
    def checksums(self) -> str:
        """The list of SHA-256 sums, an asset of the release on GitHub."""
        return f"pulumi-{self.version}-checksums.txt"


def pinned_release(root: Path) -> Release:
    """Returns the pinned release for this computer. Raises BootstrapError if there is none."""
    system, machine = platform.system(), platform.machine()
    if system not in _SYSTEMS or machine.lower() not in _ARCHES:
        raise BootstrapError(f"no Pulumi is known for {system} on {machine}; set FEDIVERSITY_PULUMI to a pulumi")
    version = module_version((root / PINS / "go.mod").read_text(), CLI_MODULE)
    return Release(version, f"{_SYSTEMS[system]}-{_ARCHES[machine.lower()]}")


def module_version(go_mod: str, module: str) -> str:
    """Returns the version, without its `v`, at which a go.mod requires a module."""
    found = re.search(rf"^(?:require)?\s*{re.escape(module)} v(\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise BootstrapError(f"{PINS}/go.mod does not require {module}; restore it with `git checkout {PINS}`")
    return found[1]


def go_version(go_mod: str) -> tuple[int, ...]:
    """Returns the oldest Go that can build a go.mod, from its `go` line."""
    found = re.search(r"^go (\d+(?:\.\d+)*)", go_mod, re.MULTILINE)
    if found is None:
        raise BootstrapError(f"{PINS}/go.mod has no `go` line; restore it with `git checkout {PINS}`")
    return numbers(found[1])


def numbers(version: str) -> tuple[int, ...]:
    """Returns `v3.259.0-dev` as (3, 259, 0); () if there is no version in the text."""
    found = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
