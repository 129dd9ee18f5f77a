"""The Pulumi program with a plan that was made before, for a run in the process that made it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fediversity.fleet.diagnostics import FleetError
from fediversity.planning.stack_plan import StackPlan, plan_stack
from fediversity.project.project import Project
from fediversity.project.settings import SettingsError

if TYPE_CHECKING:
    from fediversity.program.language_server import Run


@dataclass(frozen=True)
class Lifting:
    """`resources` is all that the state has, in its order; the protection of those with the `urns` is lifted."""

    resources: Sequence[Mapping[str, Any]]
    urns: Collection[str]


def planned_program(
    planned: StackPlan, environ: Mapping[str, str], lifting: Lifting | None = None
) -> "Callable[[Run], None]":
    """The program that declares what was planned, or lifts protection.

    Where Pulumi was given other settings than the plan was made with (by `--config` or another file), it is planned
    anew: they count, as they do without `./just`. `environ` is Pulumi's environment.
    """

    def program(run: "Run") -> None:
        import pulumi  # noqa: PLC0415 (loaded by now; the process that plans starts without it)

        from fediversity.program.declare import declare  # noqa: PLC0415
        from fediversity.program.settings import load_settings  # noqa: PLC0415

        settings = load_settings(environ, run.config)
        try:
            project = Project(planned.project.root, settings)
            same = project == planned.project
            found = planned if same else plan_stack(project, pulumi.log.info, planned.servers.coming)
        except (FleetError, SettingsError) as error:
            raise pulumi.RunError(str(error)) from None
        declare(found, environ, lifting)

    return program
