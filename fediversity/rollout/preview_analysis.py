"""Looks ahead: what a rollout would destroy, by a preview of the engine's own, before anything is changed."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from fediversity.fleet.model import Fleet
from fediversity.planning.known_servers import LIFTING
from fediversity.project.settings import Settings
from fediversity.rollout.console import say
from fediversity.rollout.destructive_changes import WORDS, DestructiveChange, PreviewFindings, allowed, findings_of
from fediversity.rollout.errors import RefusedError
from fediversity.rollout.pending_operations import Deployment
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.pulumi_commands import may_ask_for_a_passphrase
from fediversity.rollout.unsupported_changes import unsupported_changes

_DONE = "declared.sha256"
"""The file in a simulated stack's folder with a hash of what was rolled out last."""

_LIFTED = "lifted.json"
_ROOMS = ("program", "planning", "nix_eval", "project", "fleet", "support")
_PROGRAM = ("__main__.py", "requirements.txt", *(f"fediversity/{room}" for room in _ROOMS))
_PARTLY = ("--target", "-t", "--exclude")
_CHOOSE = (*_PARTLY, "--replace", "--target-replace", "--config", "-c")
"""The engine's options that decide what happens; the others are about how it is shown."""


@dataclass(frozen=True)
class UpcomingRollout:
    """A rollout that is about to be made: of which stack, by which engine, over which state, with which options."""

    settings: Settings
    fleet: Fleet
    engine: PulumiCli
    deployment: Deployment
    options: Sequence[str]

    def look(self) -> PreviewFindings:
        """What the rollout would destroy. Changes nothing.

        A simulated stack is not looked at again when nothing is declared otherwise than in its last rollout: a second
        run of the program takes as long as the rollout itself.
        """
        if not any(state["type"] in WORDS for state in self.deployment.get("resources") or ()):
            return PreviewFindings()
        if self.settings.simulated and not self._chosen and self._as_before():
            return PreviewFindings()
        file = yaml.safe_load((self.engine.root / f"Pulumi.{self.settings.stack}.yaml").read_text()) or {}
        words = ["preview", "--json", "--show-sames", "--stack", self.settings.stack, *self._chosen]
        said = self.engine.capture_stdout(words, shows_errors=may_ask_for_a_passphrase(file, self.engine.environment))
        try:
            digest: dict[str, Any] = json.loads(said[said.index("{") :])
        except ValueError:
            return PreviewFindings()  # The engine cannot even begin; it will say why when it is asked to do it.
        whole = not any(word.startswith(_PARTLY) for word in self._chosen)
        return replace(findings_of(digest, self.deployment, whole=whole), impossible=unsupported_changes(digest))

    def remember(self) -> None:
        """Notes that all was rolled out as it is declared now."""
        if self.settings.simulated and not self._chosen and self._done.parent.is_dir():
            self._done.write_text(self._declared())

    def lift(self, losses: Sequence[DestructiveChange]) -> None:
        """Lifts the protection of what the fleet file names, in the cloud and in the engine. Raises RefusedError."""
        lifted = [loss for loss in losses if loss.guarded and allowed(loss, self.fleet, losses)]
        if not lifted:
            return
        what = ", ".join(str(loss).partition(" would ")[0] for loss in lifted)
        say(f"lifting the protection of {what}")
        urns = [loss.urn for loss in lifted]
        file = self.engine.root / self.settings.site.state_dir / _LIFTED
        state = [entry for entry in self.deployment.get("resources") or () if not entry.get("delete")]
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as text:
            json.dump({"resources": state, "lift": urns}, text)
        targets = [word for urn in urns for word in ("--target", urn)]
        words = ["up", "--stack", self.settings.stack, "--yes", "--skip-preview", *targets]
        try:
            self.engine.with_env({LIFTING: str(file)}).output(words)
        except RefusedError as error:
            raise RefusedError(f"the protection could not be lifted; nothing else was changed: {error}") from None
        finally:
            file.unlink()

    @property
    def _chosen(self) -> list[str]:
        """The options that decide what happens, with their values."""
        words, chosen = list(self.options), []
        for index, word in enumerate(words):
            if word.partition("=")[0] in _CHOOSE or word.startswith("--target-dependents"):
                chosen.append(word)
                chosen += words[index + 1 : index + 2] if "=" not in word and word in _CHOOSE else []
        return chosen

    @property
    def _done(self) -> Path:
        return self.engine.root / self.settings.site.state_dir / _DONE

    def _as_before(self) -> bool:
        return self._done.is_file() and self._done.read_text() == self._declared()

    def _declared(self) -> str:
        """A hash of what is declared, and of the program that declares it."""
        digest = hashlib.sha256(f"{self.settings}\0{self.fleet.model_dump_json()}".encode())
        for name in _PROGRAM:
            path = self.engine.root / name
            for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
                digest.update(file.read_bytes())
        return digest.hexdigest()


def invalidate(settings: Settings, root: Path) -> None:
    """Has the next rollout look ahead: what there is was changed by other means."""
    (root / settings.site.state_dir / _DONE).unlink(missing_ok=True)
