"""Looks ahead: what a rollout would destroy, by a preview of the engine's own, before anything is changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from fediversity.components.planned_program import Lifting, planned_program
from fediversity.derivations.planned import Planned, plan_again
from fediversity.derivations.systems import Recorded
from fediversity.engine.cli import Engine
from fediversity.engine.command import may_ask_for_a_passphrase
from fediversity.engine.errors import RefusedError
from fediversity.engine.impossible import impossible
from fediversity.engine.losses import WORDS, Loss, Outlook, allowed, outlook
from fediversity.engine.pending import Deployment
from fediversity.engine.report import say
from fediversity.engine.unchanged import remember, unchanged

_PARTLY = ("--target", "-t", "--exclude")
_CHOOSE = (*_PARTLY, "--replace", "--target-replace", "--config", "-c")
"""The engine's options that decide what happens; the others are about how it is shown."""


@dataclass(frozen=True)
class Ahead:
    """A rollout that is about to be made: of which plan, by which engine, over which state, with which options."""

    planned: Planned
    engine: Engine
    deployment: Deployment
    options: Sequence[str]

    def look(self) -> Outlook:
        """What the rollout would destroy. Changes nothing.

        A simulated stack is not looked at again when all that the answer depends on is as it was after its last
        rollout (`unchanged`): a second run of the program takes as long as the rollout itself.
        """
        settings = self.planned.settings
        if not any(state["type"] in WORDS for state in self.deployment.get("resources") or ()):
            return Outlook()
        if settings.simulated and not self._chosen and unchanged(self.planned, self.deployment, self.engine):
            return Outlook()
        file = yaml.safe_load(self.planned.project.stack_file.read_text()) or {}
        words = ["preview", "--json", "--show-sames", "--stack", settings.stack, *self._chosen]
        said = self.engine.said(
            words,
            shows_errors=may_ask_for_a_passphrase(file, self.engine.environment),
            program=planned_program(self.planned, self.engine.environment),
        )
        try:
            digest: dict[str, Any] = json.loads(said[said.index("{") :])
        except ValueError:
            return Outlook()  # The engine cannot even begin; it will say why when it is asked to do it.
        whole = not any(word.startswith(_PARTLY) for word in self._chosen)
        return replace(outlook(digest, self.deployment, whole=whole), impossible=impossible(digest))

    def remember(self, deployment: Deployment) -> None:
        """Notes that all was rolled out as it is planned, and what state that has led to."""
        planned = self.planned
        if not planned.settings.simulated or self._chosen:
            return
        if Recorded.read(planned.project, planned.fleet) != planned.recorded:
            # The same files are planned differently, now that their steps have run.
            planned = plan_again(planned, lambda _: None)
        remember(planned, deployment, self.engine)

    def lift(self, losses: Sequence[Loss]) -> None:
        """Lifts the protection of what the fleet file names, in the cloud and in the engine. Raises RefusedError."""
        lifted = [loss for loss in losses if loss.guarded and allowed(loss, self.planned.fleet, losses)]
        if not lifted:
            return
        what = ", ".join(str(loss).partition(" would ")[0] for loss in lifted)
        say(f"lifting the protection of {what}")
        urns = [loss.urn for loss in lifted]
        state = [entry for entry in self.deployment.get("resources") or () if not entry.get("delete")]
        lifting = Lifting(state, frozenset(urns))
        targets = [word for urn in urns for word in ("--target", urn)]
        words = ["up", "--stack", self.planned.settings.stack, "--yes", "--skip-preview", *targets]
        try:
            self.engine.output(words, program=planned_program(self.planned, self.engine.environment, lifting))
        except RefusedError as error:
            raise RefusedError(f"the protection could not be lifted; nothing else was changed: {error}") from None

    @property
    def _chosen(self) -> list[str]:
        """The options that decide what happens, with their values."""
        words, chosen = list(self.options), []
        for index, word in enumerate(words):
            if word.partition("=")[0] in _CHOOSE or word.startswith("--target-dependents"):
                chosen.append(word)
                chosen += words[index + 1 : index + 2] if "=" not in word and word in _CHOOSE else []
        return chosen
