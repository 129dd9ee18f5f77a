"""Implements commands that read or change files."""

from __future__ import annotations

import io
import posixpath
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fediversity.embedded_cloud.machines.call import Call, Command

_OTHERS_MAY_READ = 0o004
_OTHERS_MAY_ENTER = 0o001


async def true(_call: Call) -> int:
    """`true`"""
    return 0


async def cat(call: Call) -> int:
    """`cat FILE…`"""
    if not call.arguments or any(path.startswith("-") for path in call.arguments):
        return call.unsupported()
    status = 0
    for path in call.arguments:
        try:
            check_readable(call, path)
            call.write_out(call.machine.root.read(path))
        except OSError as error:
            status = call.fail(f"{path}: {error.strerror}")
    return status


async def readlink(call: Call) -> int:
    """`readlink PATH`, `readlink -f PATH`"""
    root = call.machine.root
    match call.arguments:
        case ["-f", path] if root.exists(posixpath.dirname(root.canonical(path))):
            call.print_out(root.canonical(path))
            return 0
        case [path] if not path.startswith("-") and root.entry(path).is_symlink():
            call.print_out(root.readlink(path))
            return 0
        case ["-f", _] | [_]:
            return 1
    return call.unsupported()


async def test(call: Call) -> int:
    """`test -e|-f|-d|-L PATH`"""
    root = call.machine.root
    match call.arguments:
        case ["-e", path]:
            return 0 if root.exists(path) else 1
        case ["-f", path]:
            return 0 if root.host(path).is_file() else 1
        case ["-d", path]:
            return 0 if root.host(path).is_dir() else 1
        case ["-L", path]:
            return 0 if root.entry(path).is_symlink() else 1
    return call.unsupported()


async def mkdir(call: Call) -> int:
    """`mkdir -p PATH…`"""
    match call.arguments:
        case ["-p", *paths] if paths:
            for path in paths:
                call.machine.root.mkdir(path)
            return 0
    return call.unsupported()


async def chmod(call: Call) -> int:
    """`chmod MODE PATH`, MODE in octal"""
    match call.arguments:
        case [mode, path] if _octal(mode) is not None:
            target = call.machine.root.host(path)
            if not target.exists():
                return call.fail(f"cannot access '{path}': No such file or directory")
            target.chmod(_octal(mode) or 0)
            return 0
    return call.unsupported()


async def install(call: Call) -> int:
    """`install -d -m MODE PATH`; `install -D -m MODE /dev/stdin PATH`, by which clan uploads secrets"""
    match call.arguments:
        case ["-d", "-m", mode, path] if _octal(mode) is not None:
            call.machine.root.mkdir(path, _octal(mode) or 0)
            return 0
        case ["-D", "-m", mode, "/dev/stdin", path] if _octal(mode) is not None:
            call.machine.root.write(path, await call.stdin.read(), _octal(mode) or 0)
            return 0
    return call.unsupported()


async def find(call: Call) -> int:
    """`find PATH -mindepth 1 -delete`"""
    match call.arguments:
        case [path, "-mindepth", "1", "-delete"]:
            call.machine.root.clear(path)
            return 0
    return call.unsupported()


async def tar(call: Call) -> int:
    """`tar -C FOLDER -xzf -`, `tar -C FOLDER -xf- --no-same-owner`: unpacks standard input"""
    match call.arguments:
        case ["-C", folder, "-xzf", "-"] | ["-C", folder, "-xf-", "--no-same-owner"]:
            return _unpack(call, folder, await call.stdin.read())
    return call.unsupported()


def _unpack(call: Call, folder: str, archive: bytes) -> int:
    root = call.machine.root
    if not root.host(folder).is_dir():
        return call.fail(f"{folder}: Cannot open: No such file or directory", 2)
    try:
        for path, mode, content in _members(archive, folder):
            if content is None:
                root.mkdir(path, mode)
            else:
                root.write(path, content, mode)
    except (tarfile.TarError, EOFError, OSError) as error:
        return call.fail(f"This does not look like a tar archive ({error})", 2)
    return 0


def _members(archive: bytes, folder: str) -> Iterator[tuple[str, int, bytes | None]]:
    """Yields the folders and files of an archive. The tools send no links or devices."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar_file:
        for member in tar_file:
            path = posixpath.join(folder, member.name)
            if member.isdir():
                yield path, member.mode, None
            elif member.isfile():
                content = tar_file.extractfile(member)
                yield path, member.mode, content.read() if content else b""
            else:
                raise tarfile.TarError(f"{member.name} is neither a file nor a folder")


def check_readable(call: Call, path: str) -> None:
    """Raises `PermissionError` if the caller may not read a file: files that others may not read are for root only."""
    if call.is_root:
        return
    root = call.machine.root
    target = root.host(path)
    parents = [parent for parent in target.parents if parent.is_relative_to(root.base)]
    hidden = any(parent.exists() and not parent.stat().st_mode & _OTHERS_MAY_ENTER for parent in parents)
    if hidden or (target.exists() and not target.stat().st_mode & _OTHERS_MAY_READ):
        raise PermissionError(13, "Permission denied", path)


def _octal(text: str) -> int | None:
    try:
        return int(text, 8)
    except ValueError:
        return None


async def ls(call: Call) -> int:
    """`ls FOLDER`"""
    match call.arguments:
        case [path] if not path.startswith("-"):
            if not call.machine.root.exists(path):
                return call.fail(f"cannot access '{path}': No such file or directory", 2)
            for name in call.machine.root.names(path):
                call.print_out(name)
            return 0
    return call.unsupported()


COMMANDS: dict[str, Command] = {
    "true": true,
    "cat": cat,
    "ls": ls,
    "readlink": readlink,
    "test": test,
    "mkdir": mkdir,
    "chmod": chmod,
    "install": install,
    "find": find,
    "tar": tar,
}
