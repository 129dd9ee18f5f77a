"""The file system of a simulated machine: a folder that stands for `/` and that no path can leave.

Symbolic links are resolved inside the folder, absolute ones from its top, as after chroot(2).
"""

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_LINKS_AT_MOST = 40
"""As many symbolic links in one path as Linux follows."""


class Root:
    """A machine's `/`, kept in the folder `base` of this computer. Paths given are absolute paths of the machine."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def canonical(self, path: str) -> str:
        """The path with all symbolic links followed. What is missing stays as it is written."""
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
        """Where the file a path leads to lies on this computer."""
        return self.base / self.canonical(path)[1:]

    def entry(self, path: str) -> Path:
        """Where the directory entry itself lies on this computer: a final symbolic link is not followed."""
        pure = PurePosixPath("/", path)
        return self.host(str(pure.parent)) / pure.name if pure.name != ".." else self.host(path)

    def exists(self, path: str) -> bool:
        """Whether the path leads to something."""
        try:
            return self.host(path).exists()
        except OSError:
            return False

    def read(self, path: str) -> bytes:
        """The content of a file; raises the `OSError` a real machine would give."""
        return self.host(path).read_bytes()

    def text(self, path: str) -> str:
        """The content of a text file without surrounding white space."""
        return self.read(path).decode().strip()

    def write(self, path: str, content: bytes | str, mode: int = 0o644) -> None:
        """Writes a file, and the folders above it, with exactly `mode` from its first byte on."""
        target = self.host(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        target.unlink(missing_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)

    def mkdir(self, path: str, mode: int = 0o755) -> None:
        """Makes a folder and those above it."""
        target = self.host(path)
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(mode | 0o700)  # the daemon itself need not be root and must keep its way in

    def link(self, path: str, target: str) -> None:
        """Makes `path` a symbolic link to `target` at once, in place of whatever link or file was there."""
        entry = self.entry(path)
        entry.parent.mkdir(parents=True, exist_ok=True)
        fresh = entry.with_name(f".{entry.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(entry)

    def readlink(self, path: str) -> str:
        """What a symbolic link says."""
        return os.readlink(self.entry(path))

    def remove(self, path: str) -> None:
        """Removes a file, a link or a whole folder, if it is there."""
        entry = self.entry(path)
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink(missing_ok=True)

    def clear(self, path: str) -> None:
        """Empties a folder, making it if need be."""
        self.mkdir(path)
        for item in self.names(path):
            self.remove(f"{path}/{item}")

    def names(self, path: str) -> list[str]:
        """What a folder holds, sorted; nothing when it is not there."""
        folder = self.host(path)
        return sorted(os.listdir(folder)) if folder.is_dir() else []

    def files(self, path: str) -> Iterator[str]:
        """The files below a folder, relative to it, sorted. Symbolic links count as files."""
        top = self.host(path)
        for folder, folders, names in os.walk(top):
            folders.sort()
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in sorted([*names, *links]):
                yield (Path(folder) / name).relative_to(top).as_posix()

    def below(self, path: str) -> "Root":
        """A folder of this machine as a file system of its own, as a mount under `/mnt`."""
        return Root(self.host(path))
