"""A preview of a real stack with the embedded cloud's plug-ins: no cloud is asked, and nothing of the stack is read.

It runs on a state of its own that is thrown away afterwards. The stack's own state may be far away, encrypted, or made
by plug-ins of other versions: compared with it, everything would seem to change. So a person sees what the fleet would
be if it were made today.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from fediversity.project.settings import PLUGINS_VARIABLE
from fediversity.rollout.pulumi_cli import PulumiCli

_SECRETS = ("secretsprovider", "encryptedkey", "encryptionsalt", "environment")
"""What says how a stack's secrets are encrypted: the thrown-away stack has none of them."""


@contextlib.contextmanager
def offline(engine: PulumiCli, stack: str) -> Iterator[tuple[PulumiCli, Path]]:
    """Pulumi with a state of its own, in which the stack was just made, and the settings to give it."""
    with tempfile.TemporaryDirectory(prefix="fediversity-preview-") as name:
        folder = Path(name)
        settings = folder / f"Pulumi.{stack}.yaml"
        own = yaml.safe_load((engine.root / settings.name).read_text(encoding="utf-8")) or {}
        settings.write_text(yaml.safe_dump(without_secrets(own)), encoding="utf-8")
        project = yaml.safe_load((engine.root / "Pulumi.yaml").read_text(encoding="utf-8"))
        bare = {"name": project["name"], "runtime": "python", "backend": {"url": folder.as_uri()}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(bare), encoding="utf-8")
        apart = replace(engine, environment=_environment(engine.environment, folder))
        # Made in that folder: Pulumi writes into the settings of the project that it makes a stack of.
        apart.output(["stack", "init", stack, "--cwd", str(folder), "--no-select"])
        yield apart, settings


def without_secrets(file: Mapping[str, Any]) -> dict[str, Any]:
    """A stack's file without what is encrypted in it, and without what would decrypt it."""
    config = file.get("config") or {}
    plain = {key: value for key, value in config.items() if not (isinstance(value, Mapping) and "secure" in value)}
    return {key: value for key, value in file.items() if key not in _SECRETS} | {"config": plain}


def _environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if name != "PULUMI_CONFIG_PASSPHRASE_FILE"}
    return kept | {
        PLUGINS_VARIABLE: "local",
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
