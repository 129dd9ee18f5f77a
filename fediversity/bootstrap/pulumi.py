"""Finds the engine, or gets one: the computer's own, the cached one, the official download, a build."""

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
    """A usable engine: its folder of programs, its version, and how it came here."""

    pulumi: Path
    version: str
    origin: str


def ensure_pulumi(places: Paths, environ: Mapping[str, str]) -> PulumiBinary:
    """The engine to use, linked into `.venv/engine`; fetched or built when the computer has none."""
    engine = find_pulumi(places, environ) or _obtain(places, environ)
    _link(engine, places.engine_links)
    return engine


def find_pulumi(places: Paths, environ: Mapping[str, str]) -> PulumiBinary | None:
    """The engine that FEDIVERSITY_PULUMI names, else a fitting one on PATH, else a cached one.

    Raises BootstrapError when FEDIVERSITY_PULUMI names something that cannot be used.
    """
    named = environ.get("FEDIVERSITY_PULUMI")
    if named:
        problem, engine = examine(Path(named), "FEDIVERSITY_PULUMI", environ)
        if engine is None:
            raise BootstrapError(f"FEDIVERSITY_PULUMI={named} cannot be used: {problem}. Correct or unset it.")
        return engine
    on_path = _which("pulumi", places, environ)
    if on_path is not None:
        problem, engine = examine(Path(on_path), "PATH", environ)
        if engine is not None:
            return engine
        say(f"{on_path} is not used: {problem}")
    for folder, origin in ((_built(places), "built from Go modules"), (_official(places), "official download")):
        if (folder / "pulumi").exists():
            return examine(folder / "pulumi", origin, environ)[1]
    return None


def examine(pulumi: Path, origin: str, environ: Mapping[str, str]) -> tuple[str, PulumiBinary | None]:
    """An engine if `pulumi` can be used as one, else what is wrong with it."""
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


def _which(program: str, places: Paths, environ: Mapping[str, str]) -> str | None:
    """A program on PATH, our own links left out: the choice of the last set-up is not the computer's."""
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    others = [folder for folder in folders if folder and Path(folder) != places.engine_links]
    return shutil.which(program, path=os.pathsep.join(others))


def _obtain(places: Paths, environ: Mapping[str, str]) -> PulumiBinary:
    release = pinned_release(places.root)
    _remove_unfinished(places.engines)
    origin = Origin.of(release, environ)
    say(f"downloading the official engine v{release.version} (about a minute, once)")
    try:
        _place(places, _official(places), lambda bin_folder, _: download(release, origin, bin_folder))
    except DownloadError as error:
        say(f"the official download is not to be had here ({error})")
        _place(places, _built(places), lambda bin_folder, scratch: build(places, bin_folder, scratch))
    engine = find_pulumi(places, environ)
    if engine is None:
        raise BootstrapError(f"the new engine in {places.engines} does not run; remove that folder and try again")
    return engine


def _place(places: Paths, bin_folder: Path, make: Callable[[Path, Path], None]) -> None:
    """Fill a folder elsewhere, then move it into place whole, so that nobody ever sees half an engine."""
    with _scratch(places.engines) as scratch:
        made = scratch / "result" / "bin"
        made.mkdir(parents=True)
        make(made, scratch)
        shutil.rmtree(bin_folder.parent, ignore_errors=True)
        made.parent.rename(bin_folder.parent)


@contextmanager
def _scratch(engines: Path) -> Iterator[Path]:
    engines.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=engines))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _remove_unfinished(engines: Path) -> None:
    """What a killed set-up left behind. Nobody else is at it: the caller holds the set-up's lock."""
    for folder in engines.glob(f"{_SCRATCH}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _official(places: Paths) -> Path:
    return places.engines / f"v{pinned_release(places.root).version}-official" / "bin"


def _built(places: Paths) -> Path:
    """Named by the pins it was built from, so that a changed pin is built anew."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "language/go.mod", "language/go.sum"):
        digest.update((places.root / PINS / name).read_bytes())
    return places.engines / f"v{pinned_release(places.root).version}-{digest.hexdigest()[:12]}" / "bin"


def _link(engine: PulumiBinary, links: Path) -> None:
    """Links to the engine's programs alone: PATH must not gain whatever else stands in their folder."""
    wanted = {"pulumi": engine.pulumi, **_language_hosts(engine.pulumi)}
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
