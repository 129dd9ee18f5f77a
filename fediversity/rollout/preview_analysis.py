"""Looks ahead: what a rollout would destroy, by a preview of Pulumi's own, before anything is changed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from fediversity.planning.stack_plan import StackPlan, plan_again
from fediversity.planning.systems import LedgerSnapshot
from fediversity.program.planned_program import Lifting, planned_program
from fediversity.rollout.console import say
from fediversity.rollout.destructive_changes import DestructiveChange, PreviewFindings, allowed, findings_of, is_missed
from fediversity.rollout.pending_operations import Deployment
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.pulumi_commands import may_ask_for_a_passphrase
from fediversity.rollout.unchanged import remember, unchanged
from fediversity.rollout.unsupported_changes import unsupported_changes
from fediversity.support.errors import RefusedError

_PARTLY = ("--target", "-t", "--exclude")
_CHOOSE = (*_PARTLY, "--replace", "--target-replace", "--config", "-c")
"""Pulumi's options that decide what happens; the others are about how it is shown."""


@dataclass(frozen=True)
class UpcomingRollout:
    """A rollout that is about to be made: of which plan, by which engine, over which state, with which options."""

    planned: StackPlan
    engine: PulumiCli
    deployment: Deployment
    options: Sequence[str]

    def look(self) -> PreviewFindings:
        """What the rollout would destroy. Changes nothing.

        A simulated stack is not looked at again when all that the answer depends on is as it was after its last
        rollout (`unchanged`): a second run of the program takes as long as the rollout itself.
        """
        settings = self.planned.settings
        if not any(is_missed(state["type"]) for state in self.deployment.get("resources") or ()):
            return PreviewFindings()
        if settings.simulated and not self._chosen and unchanged(self.planned, self.deployment, self.engine):
            return PreviewFindings()
        file = yaml.safe_load(self.planned.project.stack_file.read_text()) or {}
        words = ["preview", "--json", "--show-sames", "--stack", settings.stack, *self._chosen]
        said = self.engine.capture_stdout(
            words,
            shows_errors=may_ask_for_a_passphrase(file, self.engine.environment),
            program=planned_program(self.planned, self.engine.environment),
        )
        try:
            digest: dict[str, Any] = json.loads(said[said.index("{") :])
        except ValueError:
            return PreviewFindings()  # Pulumi cannot even begin; it will say why when it is asked to do it.
        whole = not any(word.startswith(_PARTLY) for word in self._chosen)
        return replace(findings_of(digest, self.deployment, whole=whole), impossible=unsupported_changes(digest))

    def remember(self, deployment: Deployment) -> None:
        """Notes that all was rolled out as it is planned, and what state that has led to."""
        planned = self.planned
        if not planned.settings.simulated or self._chosen:
            return
        if LedgerSnapshot.read(planned.project, planned.fleet) != planned.recorded:
            # The same files are planned differently, now that their steps have run.
            planned = plan_again(planned, lambda _: None)
        remember(planned, deployment, self.engine)

    def lift(self, losses: Sequence[DestructiveChange]) -> None:
        """Lifts the protection of what the fleet file names, in the cloud and in Pulumi. Raises RefusedError."""
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
