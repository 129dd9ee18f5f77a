"""`fediversity state init`: prepares an encrypted bucket for a stack's state, and a key for its secrets."""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.load import load_fleet
from fediversity.planning.stacks import open_project
from fediversity.project.settings import SettingsError
from fediversity.state.actions import Action, CommandResult, ResourceState
from fediversity.state.backend import backend_url, checkpoint_files, folder_of, read_project
from fediversity.state.backend_spec import BackendRequest, BackendSpec, Bucket, GcsBucket, StateError, backend_spec
from fediversity.state.next_steps import first_use, move, with_backend
from fediversity.state.prepare import carry_out, inspect_backend
from fediversity.support.files import write_atomically
from fediversity.support.prompt import confirm

EXAMPLES = (
    "fediversity state init production --bucket gs://example-state --location europe-west4",
    "fediversity state init production --bucket s3://example-state --region eu-central-1",
)

_SECONDS = 120
_QUIET = {"CLOUDSDK_CORE_DISABLE_PROMPTS": "1", "AWS_PAGER": "", "AWS_CLI_AUTO_PROMPT": "off"}
"""Keeps the clouds' tools from asking questions and from starting a pager."""


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    init = verbs.add_parser("init", help="prepare a bucket for the state and a key for its secrets (docs/state.md)")
    init.add_argument("stack", help="the stack, e.g. production")
    init.add_argument("--bucket", required=True, metavar="URL", help="gs://NAME or s3://NAME")
    init.add_argument("--project", metavar="ID", help="Google Cloud: the project (default: the fleet file's)")
    init.add_argument("--location", metavar="PLACE", help="Google Cloud: where, e.g. europe-west4")
    init.add_argument("--region", metavar="REGION", help="S3: where, e.g. eu-central-1")
    init.add_argument("--endpoint", metavar="URL", help="S3: the end point of another provider")
    init.add_argument("--secrets", choices=("gcpkms", "awskms", "passphrase"), help="who keeps the secrets")
    init.add_argument("--key-ring", default="fediversity", metavar="NAME", help="gcpkms: the key ring")
    init.add_argument("--key", metavar="NAME", help="gcpkms, awskms: the key")
    init.add_argument("--mend", action="store_true", help="change what exists and does not fit")
    init.add_argument("--accept-unencrypted", action="store_true", help="take an end point that does not encrypt")
    init.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """Inspects the cloud, prints a plan, asks, and carries it out. Returns 1 if that is refused."""
    try:
        return _init(arguments)
    except StateError as error:
        print(f"fediversity: {error}", file=sys.stderr)
        return 1


def _init(arguments: argparse.Namespace) -> int:
    settings = open_project(arguments.stack).settings
    if settings.simulated:
        raise SettingsError(f"The stack '{settings.stack}' is simulated; its state stays in a folder.")
    chosen = backend_spec(_request(arguments, settings.fleet_file))
    found = inspect_backend(chosen, run_tool, datetime.now(UTC), accept_unencrypted=arguments.accept_unencrypted)
    repairs = [wrong.mend for wrong in found.wrong if wrong.mend is not None] if arguments.mend else []
    _print_findings(found, mend=arguments.mend)
    if found.wrong and len(repairs) < len(found.wrong):
        can = any(wrong.mend for wrong in found.wrong) and not arguments.mend
        print("nothing was changed" + ("; --mend puts right what has a command above" if can else ""), file=sys.stderr)
        return 1
    steps = [*found.make, *repairs]
    file = Path(f"Pulumi.{settings.stack}.yaml")
    old = _state_elsewhere(chosen.bucket, settings.stack, settings.backend)
    text = file.read_text(encoding="utf-8")
    changed = text if old else with_backend(text, chosen.bucket.url, file.name)
    if not _agreed(steps, None if changed == text else file, chosen, yes=arguments.yes):
        return 1
    carry_out(steps, run_tool, lambda step: print(f"{step.what} …", flush=True))
    if changed != text:
        write_atomically(file, changed)
        print(f"{file.name}: the backend is {chosen.bucket.url}")
    print("\n".join(["", *(move(chosen, old, text) if old else first_use(chosen, text))]))
    return 0


def _request(arguments: argparse.Namespace, fleet_file: str) -> BackendRequest:
    return BackendRequest(
        stack=arguments.stack,
        bucket=arguments.bucket,
        project=arguments.project or _project_of(fleet_file),
        location=arguments.location,
        region=arguments.region,
        endpoint=arguments.endpoint,
        secrets=arguments.secrets,
        key_ring=arguments.key_ring,
        key=arguments.key,
    )


def _project_of(fleet_file: str) -> str | None:
    """Returns the Google Cloud project of the fleet file, None if the file is not valid yet."""
    try:
        fleet = load_fleet(Path(fleet_file))
    except FleetError:
        return None
    return fleet.gcp.project if fleet.gcp else None


def _state_elsewhere(bucket: Bucket, stack: str, chosen: str | None) -> str | None:
    """Returns another backend that already holds the stack's state. A backend that cannot be read here counts."""
    project = read_project(Path())
    url = backend_url(project, os.environ, chosen)
    folder = folder_of(url, Path())
    if url in ("", bucket.url):
        return None
    if folder is None:
        return url
    return url if any(file.is_file() for file in checkpoint_files(folder, project["name"], stack)) else None


def _print_findings(found: ResourceState, *, mend: bool) -> None:
    for text in found.fits:
        print(f"fits: {text}")
    for text in found.remarks:
        print(f"note: {text}")
    for wrong in found.wrong:
        print(f"does not fit: {wrong.what}", file=sys.stderr)
        if wrong.mend is not None and not mend:
            print(f"    {wrong.mend.shell}", file=sys.stderr)


def _agreed(steps: Sequence[Action], settings: Path | None, chosen: BackendSpec, *, yes: bool) -> bool:
    if not steps and settings is None:
        print("everything is there and fits; nothing to do")
        return True
    cloud = "Google Cloud" if isinstance(chosen.bucket, GcsBucket) else "S3"
    print(f"To prepare the state of {chosen.stack} in {cloud}, this will:")
    print("\n".join(_plan_lines(steps, settings, chosen)))
    if yes:
        return True
    if not sys.stdin.isatty():
        print("nothing was changed: there is no terminal to ask on; --yes agrees", file=sys.stderr)
        return False
    if confirm("Do that?"):
        return True
    print("nothing was changed", file=sys.stderr)
    return False


def _plan_lines(steps: Iterable[Action], settings: Path | None, chosen: BackendSpec) -> list[str]:
    lines = [line for step in steps for line in (f"  {step.what}", f"      {step.shell}")]
    return [*lines, f"  write the backend {chosen.bucket.url} into {settings.name}"] if settings else lines


def run_tool(command: Sequence[str]) -> CommandResult:
    """Runs a cloud's tool. Raises StateError if it is not installed or does not answer."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **_QUIET},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise StateError(f"`{command[0]}` is not installed or not on PATH; this talks to the cloud by it") from None
    except subprocess.TimeoutExpired:
        raise StateError(f"`{' '.join(command[:4])}` did not answer within {_SECONDS} s") from None
    return CommandResult(done.returncode, done.stdout, done.stderr)
