"""The folders that the set-up reads from and writes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fediversity.support.constants import LOCAL_VERSION


@dataclass(frozen=True)
class Paths:
    """The folders of one checkout and of the computer it is on.

    `cache` is outside the checkout, so that clones share one Pulumi. `pulumi_home` is Pulumi's own
    folder for plug-ins and logs.
    """

    root: Path
    cache: Path
    pulumi_home: Path

    @classmethod
    def of(cls, root: Path, environ: Mapping[str, str]) -> "Paths":
        """Returns the paths by FEDIVERSITY_CACHE, XDG_CACHE_HOME and PULUMI_HOME, each with its usual default."""
        home = Path(environ["HOME"])
        caches = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
        return cls(
            root=root.resolve(),
            cache=Path(environ.get("FEDIVERSITY_CACHE") or caches / "fediversity"),
            pulumi_home=Path(environ.get("PULUMI_HOME") or home / ".pulumi"),
        )

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def pulumi_links(self) -> Path:
        """The folder that `./just` puts on PATH: links to the programs of the Pulumi in use."""
        return self.venv / "engine"

    @property
    def pulumi_versions(self) -> Path:
        return self.cache / "engine"

    def log(self, step: str) -> Path:
        return self.cache / "logs" / f"{step}.log"

    def plugin(self, package: str) -> Path:
        """Returns where Pulumi looks for the launcher of a local package."""
        folder = self.pulumi_home / "plugins" / f"resource-{package}-v{LOCAL_VERSION}"
        return folder / f"pulumi-resource-{package}"
