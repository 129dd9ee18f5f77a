"""Deployment steps as resources: each is one command, which Pulumi runs only when it has to."""

import shlex
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_command import local

from fediversity.planning.commands import shell_text
from fediversity.planning.steps import Step

RUNNER = (".venv/bin/fediversity-step",)

ONCE_FOR_EACH_SERVER = ": # done once for each server; another command line or address changes nothing"
"""The update of a step that must not run again on the same server: Pulumi would run `create` otherwise."""


class StepComponent(pulumi.ComponentResource):
    """Steps of one kind of deployment. `commands` are its steps' resources by name."""

    def __init__(self, type_: str, name: str, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(f"fediversity:deployments:{type_}", name, None, opts)
        self.commands: dict[str, local.Command] = {}

    def add(
        self,
        step: Step,
        runner_options: Sequence[str],
        environment: Mapping[str, pulumi.Input[str]],
        *,
        server_id: pulumi.Output[str] | None,
        done_again_for: Sequence[pulumi.Input[str]],
        after: Sequence[pulumi.Resource],
        formerly: Sequence[str] = (),
    ) -> local.Command:
        """Declares a step as a command resource that waits for `after`.

        A step with a fingerprint carries it in the environment and runs again in place when it changes. A step
        without one is bound to what `done_again_for` names: it runs again only for another server. `formerly` lists
        what it was called before its machine was renamed.
        """
        words = [*RUNNER, step.kind, step.subject]
        if step.command:
            words += ["--", *step.command]
        # Pulumi's preview cuts texts off at some 150 characters: the tool's own command line comes first.
        facts = {"FEDIVERSITY_OPTIONS": shlex.join(runner_options), **environment}
        if step.fingerprint is not None:
            facts["FEDIVERSITY_FINGERPRINT"] = step.fingerprint
        if server_id is not None:
            facts["FEDIVERSITY_SERVER_ID"] = server_id
        command = local.Command(
            step.name,
            create=f"exec {shell_text(words)}",
            update=None if step.fingerprint is not None else ONCE_FOR_EACH_SERVER,
            triggers=None if step.fingerprint is not None else list(done_again_for),
            environment=facts,
            # The tool's output belongs in the step's own log: here it would end up in the state, in clear text.
            logging=local.Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(after),
                additional_secret_outputs=["stdout", "stderr"],
                aliases=[pulumi.Alias(name=name) for name in formerly] or None,
            ),
        )
        self.commands[step.name] = command
        return command

    def finish(self) -> None:
        """Says that all steps are declared."""
        self.register_outputs({"steps": list(self.commands)})


class ClanDeployment(StepComponent):
    """clan's steps on one machine, or those it does once for the whole fleet."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ClanDeployment", name, opts)


class NixopsDeployment(StepComponent):
    """One application that NixOps4 deploys on a machine."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("NixopsDeployment", name, opts)
