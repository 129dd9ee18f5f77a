"""Prepares a machine's age key and the secrets that clan uploads to `/var/lib/sops-nix`."""

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping

from fediversity.embedded_cloud.tools.flake import Flake
from fediversity.embedded_cloud.tools.generators import machine_generators
from fediversity.embedded_cloud.tools.vars import Store

UPLOAD = "/var/lib/sops-nix"
_FILE_MODE = 0o400
_FOLDER_MODE = 0o700


def age_key(store: Store, machine: str) -> bytes:
    """Returns the machine's private age key, generated if missing. The simulation encrypts nothing with it."""
    path = store.overlay / "sops" / "secrets" / f"{machine}-age.key" / "secret"
    if not path.exists():
        with store.locked():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_once(path, f"AGE-SECRET-KEY-SIMULATED-{os.urandom(29).hex().upper()}\n".encode())
            public = store.overlay / "sops" / "machines" / machine / "key.json"
            public.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            public.write_text(json.dumps([{"publickey": f"age1simulated{os.urandom(26).hex()}", "type": "age"}]))
    return path.read_bytes()


def _write_once(path: "os.PathLike[str]", content: bytes) -> None:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
    except FileExistsError:
        return  # another run was faster; its key serves as well


def upload_files(flake: Flake, store: Store, machine: str) -> dict[str, bytes]:
    """Returns the content of the upload folder; empty for a machine without secrets."""
    files = dict(_upload(flake, store, machine))
    return files | {"key.txt": age_key(store, machine)} if files else {}


def upload_archive(flake: Flake, store: Store, machine: str) -> bytes:
    """Returns the content of the upload folder as a compressed tar archive."""
    return archive(upload_files(flake, store, machine), compress=True)


def install_archive(flake: Flake, store: Store, machine: str) -> bytes:
    """Returns the same files at their paths below `/`, as nixos-anywhere unpacks them over the new system."""
    files = upload_files(flake, store, machine)
    return archive({f"{UPLOAD[1:]}/{name}": content for name, content in files.items()}, compress=False)


def _upload(flake: Flake, store: Store, machine: str) -> Iterator[tuple[str, bytes]]:
    """Yields the uploaded files. Activation secrets are in clear text, as in the real upload. The real flake holds the
    others encrypted; here they are in clear text under `vars/`.
    """
    for generator in machine_generators(flake, machine):
        for file in generator.files:
            if file.secret and file.deploy:
                top = "activation" if file.needed_for == "activation" else "vars"
                yield f"{top}/{generator.folder}/{file.name}", store.read(generator, file)


def partitioning_secrets(flake: Flake, store: Store, machine: str) -> dict[str, bytes]:
    """Returns the secrets needed to format the disk, by their path in the installer."""
    return {
        f"/run/partitioning-secrets/{generator.folder}/{file.name}": store.read(generator, file)
        for generator in machine_generators(flake, machine)
        for file in generator.files
        if file.needed_for == "partitioning"
    }


def archive(files: Mapping[str, bytes], compress: bool, mode: int = _FILE_MODE) -> bytes:
    """Returns a tar archive of files owned by root, with their parent folders."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz" if compress else "w") as tar:
        for folder in sorted({str(parent) for name in files for parent in _parents(name)}):
            member = tarfile.TarInfo(folder)
            member.type, member.mode = tarfile.DIRTYPE, 0o755 if folder in ("var", "var/lib") else _FOLDER_MODE
            tar.addfile(member)
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _parents(name: str) -> Iterator[str]:
    parts = name.split("/")[:-1]
    for end in range(1, len(parts) + 1):
        yield "/".join(parts[:end])
