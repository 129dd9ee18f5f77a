"""The official download, from a server on loopback."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fediversity.bootstrap import pulumi as engine_module
from fediversity.bootstrap.download import DownloadError, Origin, download, expected_sum
from fediversity.bootstrap.pulumi import ensure_pulumi
from fediversity.bootstrap.release import Release, pinned_release
from tests.bootstrap.conftest import Computer

RELEASE = Release("3.259.0", "linux-x64")


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on loopback and the folder it serves."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()


def publish(folder: Path, release: Release, files: dict[str, str], digest: str | None = None) -> None:
    """Put a release on the server: its archive and its checksums file."""
    archive = folder / release.archive
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text), 0o600
            tar.addfile(info, io.BytesIO(text.encode()))
    true = hashlib.sha256(archive.read_bytes()).hexdigest()
    (folder / release.checksums).write_text(f"{'0' * 64}  other.tar.gz\n{digest or true}  {release.archive}\n")


ENGINE = {"pulumi/pulumi": "#!/bin/sh\necho v3.259.0\n", "pulumi/pulumi-language-python": "#!/bin/sh\n"}


def test_the_programs_of_a_good_archive_are_put_in_place_and_can_be_run(
    mirror: tuple[str, Path], tmp_path: Path
) -> None:
    url, folder = mirror
    publish(folder, RELEASE, ENGINE)
    download(RELEASE, Origin(url, url), tmp_path)
    assert (tmp_path / "pulumi").read_text() == ENGINE["pulumi/pulumi"]
    assert (tmp_path / "pulumi-language-python").stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / RELEASE.archive).exists()


def test_an_archive_with_another_checksum_is_refused_and_not_unpacked(mirror: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = mirror
    publish(folder, RELEASE, ENGINE, digest="f" * 64)
    with pytest.raises(DownloadError, match=r"published is f{64}: refused"):
        download(RELEASE, Origin(url, url), tmp_path)
    assert not list(tmp_path.glob("pulumi*"))


def test_an_archive_that_the_checksums_do_not_name_is_refused(mirror: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = mirror
    publish(folder, RELEASE, ENGINE)
    (folder / RELEASE.checksums).write_text(f"{'0' * 64}  other.tar.gz\n")
    with pytest.raises(DownloadError, match="do not name"):
        download(RELEASE, Origin(url, url), tmp_path)


def test_a_path_in_the_archive_cannot_lead_out_of_the_folder(mirror: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = mirror
    publish(folder, RELEASE, {"../../pulumi-evil": "x", "/pulumi-rooted": "x", "pulumi/readme": "x"})
    inside = tmp_path / "a" / "b" / "bin"
    inside.mkdir(parents=True)
    download(RELEASE, Origin(url, url), inside)
    assert sorted(path.name for path in inside.iterdir()) == ["pulumi-evil", "pulumi-rooted"]
    assert not (tmp_path / "a" / "pulumi-evil").exists()


def test_a_server_without_the_release_is_an_error_in_words(mirror: tuple[str, Path], tmp_path: Path) -> None:
    url, _ = mirror
    with pytest.raises(DownloadError, match="404"):
        download(RELEASE, Origin(url, url), tmp_path)


def test_checksums_are_read_with_and_without_the_mark_for_binary_files() -> None:
    assert expected_sum("ABC  a.tar.gz\n", "a.tar.gz") == "abc"
    assert expected_sum("abc *a.tar.gz\n", "a.tar.gz") == "abc"


def test_the_official_places_are_used_unless_a_mirror_is_named() -> None:
    official = Origin.of(RELEASE, {})
    assert f"{official.archives}/{RELEASE.archive}" == (
        "https://get.pulumi.com/releases/sdk/pulumi-v3.259.0-linux-x64.tar.gz"
    )
    assert f"{official.checksums}/{RELEASE.checksums}" == (
        "https://github.com/pulumi/pulumi/releases/download/v3.259.0/pulumi-3.259.0-checksums.txt"
    )
    assert Origin.of(RELEASE, {"FEDIVERSITY_ENGINE_MIRROR": "http://h/x/"}) == Origin("http://h/x", "http://h/x")


def test_a_computer_without_an_engine_downloads_it_once(mirror: tuple[str, Path], computer: Computer) -> None:
    url, folder = mirror
    publish(folder, pinned_release(computer.places.root), ENGINE)
    environ = {**computer.environ, "FEDIVERSITY_ENGINE_MIRROR": url}
    assert ensure_pulumi(computer.places, environ).origin == "official download"
    assert (computer.places.pulumi_links / "pulumi").resolve().is_relative_to(computer.places.cache)
    for published in folder.iterdir():
        published.unlink()
    assert ensure_pulumi(computer.places, environ).version == "v3.259.0", "the second time it is in the cache"


def test_a_bad_checksum_leads_to_a_build_and_leaves_nothing_of_the_download(
    mirror: tuple[str, Path],
    computer: Computer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, folder = mirror
    publish(folder, pinned_release(computer.places.root), ENGINE, digest="f" * 64)

    def build(_: object, bin_folder: Path, __: Path) -> None:
        computer.pulumi(bin_folder)

    monkeypatch.setattr(engine_module, "build", build)
    environ = {**computer.environ, "FEDIVERSITY_ENGINE_MIRROR": url}
    assert ensure_pulumi(computer.places, environ).origin == "built from Go modules"
    assert "refused" in capsys.readouterr().err
    assert [path.name for path in computer.places.pulumi_versions.iterdir()] == [
        (computer.places.pulumi_links / "pulumi").resolve().parents[1].name
    ]
