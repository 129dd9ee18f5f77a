"""Finds Pulumi, or gets it: the computer's own, the cached one, the official download, a build."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fediversity.bootstrap.build import build
from fediversity.bootstrap.download import DownloadError, Origin, download
from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.release import OLDEST_PULUMI, PINS, numbers, pinned_release
from fediversity.bootstrap.report import BootstrapError, say

_LANGUAGE_HOST = "pulumi-language-python"
_SCRATCH = ".unfinished-"


@dataclass(frozen=True)
class PulumiBinary:
    """A usable Pulumi: its program, its version, and where it came from."""

    program: Path
    version: str
    origin: str


def ensure_pulumi(paths: Paths, environ: Mapping[str, str]) -> PulumiBinary:
    """Links a Pulumi into `.venv/engine` and returns it; downloads or builds one where the computer has none."""
    binary = find_pulumi(paths, environ) or _obtain(paths, environ)
    _link(binary, paths.pulumi_links)
    return binary


def find_pulumi(paths: Paths, environ: Mapping[str, str]) -> PulumiBinary | None:
    """Returns the Pulumi that FEDIVERSITY_PULUMI names, else a usable one on PATH, else a cached one.

    Raises BootstrapError if FEDIVERSITY_PULUMI names something that cannot be used.
    """
    named = environ.get("FEDIVERSITY_PULUMI")
    if named:
        problem, binary = examine(Path(named), "FEDIVERSITY_PULUMI", environ)
        if binary is None:
            raise BootstrapError(f"FEDIVERSITY_PULUMI={named} cannot be used: {problem}. Correct or unset it.")
        return binary
    on_path = _which("pulumi", paths, environ)
    if on_path is not None:
        problem, binary = examine(Path(on_path), "PATH", environ)
        if binary is not None:
            return binary
        say(f"{on_path} is not used: {problem}")
    for folder, origin in ((_built(paths), "built from Go modules"), (_official(paths), "official download")):
        if (folder / "pulumi").exists():
            return examine(folder / "pulumi", origin, environ)[1]
    return None


def examine(pulumi: Path, origin: str, environ: Mapping[str, str]) -> tuple[str, PulumiBinary | None]:
    """Returns a Pulumi if the program `pulumi` can be used, else what is wrong with it."""
    try:
        quiet = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        done = subprocess.run([pulumi, "version"], env=quiet, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"`pulumi version` failed ({error})", None
    version = done.stdout.strip()
    if numbers(version) < OLDEST_PULUMI:
        oldest = ".".join(map(str, OLDEST_PULUMI))
        return f"it is {version or 'of no known version'}, and {oldest} or newer is needed", None
    beside = (pulumi.resolve().parent / _LANGUAGE_HOST).exists() or (pulumi.parent / _LANGUAGE_HOST).exists()
    if not beside and shutil.which(_LANGUAGE_HOST, path=environ.get("PATH")) is None:
        return f"{_LANGUAGE_HOST} is neither beside it nor on PATH", None
    return "", PulumiBinary(pulumi.absolute(), version, origin)


def _which(program: str, paths: Paths, environ: Mapping[str, str]) -> str | None:
    """Finds a program on PATH, without our own links: those are the last set-up's choice, not the computer's."""
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    others = [folder for folder in folders if folder and Path(folder) != paths.pulumi_links]
    return shutil.which(program, path=os.pathsep.join(others))


def _obtain(paths: Paths, environ: Mapping[str, str]) -> PulumiBinary:
    release = pinned_release(paths.root)
    _remove_unfinished(paths.pulumi_versions)
    origin = Origin.of(release, environ)
    say(f"downloading the official Pulumi v{release.version} (about a minute, once)")
    try:
        _place(paths, _official(paths), lambda bin_folder, _: download(release, origin, bin_folder))
    except DownloadError as error:
        say(f"the official download is not to be had here ({error})")
        _place(paths, _built(paths), lambda bin_folder, scratch: build(paths, bin_folder, scratch))
    binary = find_pulumi(paths, environ)
    if binary is None:
        raise BootstrapError(
            f"the new Pulumi in {paths.pulumi_versions} does not run; remove that folder and try again"
        )
    return binary


def _place(paths: Paths, bin_folder: Path, make: Callable[[Path, Path], None]) -> None:
    """Fills a folder elsewhere, then moves it into place as a whole, so that no process sees half a Pulumi."""
    with _scratch(paths.pulumi_versions) as scratch:
        made = scratch / "result" / "bin"
        made.mkdir(parents=True)
        make(made, scratch)
        shutil.rmtree(bin_folder.parent, ignore_errors=True)
        made.parent.rename(bin_folder.parent)


@contextmanager
def _scratch(versions: Path) -> Iterator[Path]:
    versions.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=versions))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _remove_unfinished(versions: Path) -> None:
    """Removes what a killed set-up left behind. No other process is at work: the caller holds the set-up's lock."""
    for folder in versions.glob(f"{_SCRATCH}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _official(paths: Paths) -> Path:
    return paths.pulumi_versions / f"v{pinned_release(paths.root).version}-official" / "bin"


def _built(paths: Paths) -> Path:
    """Returns the folder of a built Pulumi, named by its pins, so that a changed pin is built anew."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "language/go.mod", "language/go.sum"):
        digest.update((paths.root / PINS / name).read_bytes())
    return paths.pulumi_versions / f"v{pinned_release(paths.root).version}-{digest.hexdigest()[:12]}" / "bin"


def _link(binary: PulumiBinary, links: Path) -> None:
    """Links to Pulumi's programs alone: PATH must not gain whatever else stands in their folder."""
    wanted = {"pulumi": binary.program, **_language_hosts(binary.program)}
    if links.is_dir() and wanted == {link.name: link.readlink() for link in links.iterdir()}:
        return
    fresh = links.with_name(f"engine.{os.getpid()}")
    fresh.mkdir(parents=True)
    for name, program in wanted.items():
        (fresh / name).symlink_to(program)
    shutil.rmtree(links, ignore_errors=True)
    fresh.rename(links)


def _language_hosts(pulumi: Path) -> dict[str, Path]:
    folders = (pulumi.parent, pulumi.resolve().parent)
    return {program.name: program for folder in folders for program in folder.glob("pulumi-language-*")}
