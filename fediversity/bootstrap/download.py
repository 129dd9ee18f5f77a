"""The official download of the engine, checked against its published SHA-256."""

import hashlib
import http.client
import shutil
import tarfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fediversity.bootstrap.release import Release
from fediversity.support.errors import FediversityError

_ARCHIVES = "https://get.pulumi.com/releases/sdk"
_CHECKSUMS = "https://github.com/pulumi/pulumi/releases/download/v{version}"
_TIMEOUT_S = 10


class DownloadError(FediversityError):
    """The download cannot be had or cannot be trusted; the text says which."""


@dataclass(frozen=True)
class Origin:
    """Where the archive and the list of checksums come from, as URLs without the file's name."""

    archives: str
    checksums: str

    @classmethod
    def of(cls, release: Release, environ: Mapping[str, str]) -> "Origin":
        """The official places, or for both the mirror named by FEDIVERSITY_ENGINE_MIRROR."""
        mirror = environ.get("FEDIVERSITY_ENGINE_MIRROR")
        if mirror:
            return cls(mirror.rstrip("/"), mirror.rstrip("/"))
        return cls(_ARCHIVES, _CHECKSUMS.format(version=release.version))


def download(release: Release, origin: Origin, bin_folder: Path) -> None:
    """Put the programs of a release into `bin_folder`, which exists.

    Raises DownloadError when the network, the file or its checksum is not as it should be.
    """
    archive = bin_folder / release.archive
    try:
        sums = _read(f"{origin.checksums}/{release.checksums}").decode()
        expected = expected_sum(sums, release.archive)
        actual = _fetch(f"{origin.archives}/{release.archive}", archive)
        if actual != expected:
            raise DownloadError(f"{release.archive} has SHA-256 {actual}, published is {expected}: refused")
        _unpack(archive, bin_folder)
    except (OSError, http.client.HTTPException, tarfile.TarError, ValueError) as error:
        raise DownloadError(f"{type(error).__name__}: {error}") from error
    finally:
        archive.unlink(missing_ok=True)


def expected_sum(checksums: str, archive: str) -> str:
    """The SHA-256 of one file out of the text of a checksums file (`<hex>  <name>` a line)."""
    for line in checksums.splitlines():
        digest, _, name = line.strip().partition(" ")
        if name.strip().lstrip("*") == archive:
            return digest.lower()
    raise DownloadError(f"the published checksums do not name {archive}: refused")


def _open(url: str) -> http.client.HTTPResponse:
    request = urllib.request.Request(url)  # noqa: S310  the schemes are those of Origin
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310
    return response


def _read(url: str) -> bytes:
    with _open(url) as response:
        return response.read()


def _fetch(url: str, target: Path) -> str:
    """Save a URL and give the SHA-256 of what was saved."""
    digest = hashlib.sha256()
    with _open(url) as response, target.open("wb") as file:
        while chunk := response.read(1 << 20):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _unpack(archive: Path, bin_folder: Path) -> None:
    """Take the programs out of the archive by their last name, so no path in it can lead elsewhere."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            content = tar.extractfile(member) if member.isfile() and name.startswith("pulumi") else None
            if content is not None:
                with content, (bin_folder / name).open("wb") as program:
                    shutil.copyfileobj(content, program)
                (bin_folder / name).chmod(0o755)
