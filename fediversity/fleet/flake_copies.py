"""The files that a flake below another one has from it, as copies that git ignores.

A flake is handed to clan as `path:`, which holds its own folder alone, so `nix/validation` cannot import from `nix/`.
The `.gitignore` in its folder lists what it has of the flake above; each command that has the flake read writes the
copies.
"""

from pathlib import Path

from fediversity.fleet.diagnostics import FleetError, Problem
from fediversity.support.files import write_atomically

LIST = ".gitignore"
_FLAKE = "flake.nix"


def copied_files(flake: Path) -> tuple[str, ...]:
    """Returns the paths, inside a flake, of the files that are copies; none for a flake that is below no other."""
    if not (flake.parent / _FLAKE).is_file():
        return ()
    try:
        lines = (flake / LIST).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(line[1:] for line in lines if line.startswith("/") and line.endswith(".nix"))


def write_copies(flake: Path) -> tuple[str, ...]:
    """Writes the copies that are missing or stale, each at once or not at all. Returns their paths inside the flake.

    Raises FleetError with every listed file that the flake above does not have.
    """
    listed = copied_files(flake)
    above = flake.parent
    absent = [path for path in listed if not (above / path).is_file()]
    if absent:
        fix = "remove the line, or write that file"
        raise FleetError(
            [Problem(str(flake / LIST), 0, path, f"{above / path} does not exist", fix) for path in absent]
        )
    return tuple(path for path in listed if _write(flake / path, _copy(above / path, path, above)))


def _copy(file: Path, path: str, above: Path) -> str:
    text = file.read_text(encoding="utf-8")
    return f"# A copy of {above.name}/{path}, which is the one to edit: this one is written again.\n{text}"


def _write(file: Path, text: str) -> bool:
    try:
        if file.read_text(encoding="utf-8") == text:
            return False
    except (FileNotFoundError, UnicodeDecodeError):
        file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, text)
    return True
