"""The official download of Pulumi, checked against its published SHA-256."""

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
    """The download failed or cannot be trusted; the text says which."""


@dataclass(frozen=True)
class Origin:
    """The source of the archive and of the list of checksums, as URLs without the file's name."""

    archives: str
    checksums: str

    @classmethod
    def of(cls, release: Release, environ: Mapping[str, str]) -> "Origin":
        """Returns the official URLs, or the mirror in FEDIVERSITY_ENGINE_MIRROR for both."""
        mirror = environ.get("FEDIVERSITY_ENGINE_MIRROR")
        if mirror:
            return cls(mirror.rstrip("/"), mirror.rstrip("/"))
        return cls(_ARCHIVES, _CHECKSUMS.format(version=release.version))


def download(release: Release, origin: Origin, bin_folder: Path) -> None:
    """Downloads the programs of a release into `bin_folder`, which must exist.

    Raises DownloadError if the download fails or its checksum is wrong.
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
    """Returns the SHA-256 of one file from the text of a checksums file (a line is `<hex>  <name>`)."""
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
    """Saves a URL to a file and returns the SHA-256 of the content."""
    digest = hashlib.sha256()
    with _open(url) as response, target.open("wb") as file:
        while chunk := response.read(1 << 20):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _unpack(archive: Path, bin_folder: Path) -> None:
    """Extracts the programs by their base names, so that no path in the archive can lead elsewhere."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = PurePosixPath(member.name).name
            content = tar.extractfile(member) if member.isfile() and name.startswith("pulumi") else None
            if content is not None:
                with content, (bin_folder / name).open("wb") as program:
                    shutil.copyfileobj(content, program)
                (bin_folder / name).chmod(0o755)
