"""Implements the file system of a simulated machine: a folder that stands for `/` and that no path can leave.

Symbolic links are resolved inside the folder; absolute links start at its top, as after chroot(2).
"""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_LINKS_AT_MOST = 40
"""The number of symbolic links in one path that Linux follows."""


class Root:
    """The `/` of a machine, in the folder `base` of this computer. All paths are absolute paths of the machine."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def canonical(self, path: str) -> str:
        """Returns the path with all symbolic links resolved. Missing components stay unchanged."""
        done: list[str] = []
        todo = list(PurePosixPath("/", path).parts[1:])[::-1]
        links = 0
        while todo:
            part = todo.pop()
            if part == "..":
                done = done[:-1]
                continue
            here = self.base.joinpath(*done, part)
            if not here.is_symlink():
                done.append(part)
                continue
            links += 1
            if links > _LINKS_AT_MOST:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = PurePosixPath(os.readlink(here))
            if target.is_absolute():
                done = []
            todo.extend(part for part in reversed(target.parts) if part != "/")
        return "/" + "/".join(done)

    def host(self, path: str) -> Path:
        """Returns the path on this computer of the file to which a path leads."""
        return self.base / self.canonical(path)[1:]

    def entry(self, path: str) -> Path:
        """Returns the path on this computer of the directory entry itself: a final symbolic link is not followed."""
        pure = PurePosixPath("/", path)
        return self.host(str(pure.parent)) / pure.name if pure.name != ".." else self.host(path)

    def exists(self, path: str) -> bool:
        """Returns whether the path leads to an existing file or folder."""
        try:
            return self.host(path).exists()
        except OSError:
            return False

    def read(self, path: str) -> bytes:
        """Returns the content of a file. Raises the `OSError` that a real machine would report."""
        return self.host(path).read_bytes()

    def text(self, path: str) -> str:
        """Returns the content of a text file without surrounding white space."""
        return self.read(path).decode().strip()

    def write(self, path: str, content: bytes | str, mode: int = 0o644) -> None:
        """Writes a file, and creates its folders. The file has exactly `mode` from its first byte on."""
        target = self.host(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        target.unlink(missing_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        """Creates a folder and its parents."""
        target = self.host(path)
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(mode | 0o700)  # the daemon may run as a normal user and must keep access

    def link(self, path: str, target: str) -> None:
        """Creates the symbolic link `path` to `target`, atomically replacing an existing link or file."""
        entry = self.entry(path)
        entry.parent.mkdir(parents=True, exist_ok=True)
        fresh = entry.with_name(f".{entry.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(entry)

    def readlink(self, path: str) -> str:
        """Returns the target of a symbolic link."""
        return os.readlink(self.entry(path))

    def remove(self, path: str) -> None:
        """Removes a file, a link or a whole folder. Does nothing if it does not exist."""
        entry = self.entry(path)
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)

    def clear(self, path: str) -> None:
        """Empties a folder; creates it if it does not exist."""
        self.mkdir(path)
        for item in self.names(path):
            self.remove(f"{path}/{item}")

    def names(self, path: str) -> list[str]:
        """Returns the sorted names in a folder; none if it does not exist."""
        folder = self.host(path)
        return sorted(os.listdir(folder)) if folder.is_dir() else []

    def files(self, path: str) -> Iterator[str]:
        """Yields the sorted files below a folder, relative to it. Symbolic links count as files."""
        top = self.host(path)
        for folder, folders, names in os.walk(top):
            folders.sort()
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in sorted([*names, *links]):
                yield (Path(folder) / name).relative_to(top).as_posix()

    def below(self, path: str) -> "Root":
        """Returns a folder of this machine as a separate file system, such as a mount under `/mnt`."""
        return Root(self.host(path))
