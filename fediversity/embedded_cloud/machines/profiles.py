"""Implements Nix profiles on a machine: `/nix/var/nix/profiles/system` and its numbered generations."""

from dataclasses import dataclass

from fediversity.embedded_cloud.machines.filesystem import Root

PROFILES = "/nix/var/nix/profiles"
SYSTEM = f"{PROFILES}/system"
CURRENT = "/run/current-system"
BOOT_DEFAULT = "/boot/default-system"
"""A text file that stands for the boot loader's default entry: the system that starts at the next boot."""


class ProfileError(Exception):
    """The profile has no such generation; the message is Nix's."""


@dataclass(frozen=True)
class Generation:
    """One generation of a profile: its number, the store path, and its creation time (seconds of the epoch)."""

    number: int
    path: str
    made: float
    current: bool


def generations(root: Root, profile: str = SYSTEM) -> list[Generation]:
    """Returns the generations of a profile, oldest first."""
    folder, name = profile.rsplit("/", 1)
    current = root.readlink(profile) if root.entry(profile).is_symlink() else ""
    result = []
    for entry in root.names(folder):
        number = entry.removeprefix(f"{name}-").removesuffix("-link")
        if number.isdigit() and entry == f"{name}-{number}-link":
            link = root.entry(f"{folder}/{entry}")
            path = root.readlink(f"{folder}/{entry}")
            result.append(Generation(int(number), path, link.lstat().st_mtime, entry == current))
    return sorted(result, key=lambda generation: generation.number)


def set_system(root: Root, path: str, profile: str = SYSTEM) -> None:
    """Implements `nix-env -p PROFILE --set PATH`: a new generation, unless the current one is that path already."""
    existing = generations(root, profile)
    if any(generation.current and generation.path == path for generation in existing):
        return
    number = existing[-1].number + 1 if existing else 1
    root.link(f"{profile}-{number}-link", path)
    _select(root, profile, number)


def switch(root: Root, number: int | None, profile: str = SYSTEM) -> Generation:
    """Implements `--switch-generation NUMBER`, or `--rollback` for None. Raises `ProfileError`."""
    existing = generations(root, profile)
    if number is None:
        current = next((generation.number for generation in existing if generation.current), 0)
        older = [generation for generation in existing if generation.number < current]
        if not older:
            raise ProfileError(f"no generation older than the current ({current}) exists")
        selected = older[-1]
    else:
        matching = [generation for generation in existing if generation.number == number]
        if not matching:
            raise ProfileError(f"profile version {number} does not exist")
        selected = matching[0]
    _select(root, profile, selected.number)
    return selected


def _select(root: Root, profile: str, number: int) -> None:
    root.link(profile, f"{profile.rsplit('/', 1)[1]}-{number}-link")
