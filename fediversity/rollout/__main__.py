"""`python -m fediversity.rollout up dev` and its siblings; see OPERATIONS, `init` and `resolve`."""

import argparse
import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path

from fediversity.project.embedded import missing_extra
from fediversity.project.project import Project
from fediversity.project.settings import PLUGINS_VARIABLE, require_plain_path
from fediversity.rollout.console import say
from fediversity.rollout.local_plugins import local_plugins
from fediversity.rollout.output_options import OutputOptions
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.rollout.pulumi_commands import DEV, OPERATIONS, environment
from fediversity.support.entry import run_command, run_process
from fediversity.support.errors import RefusedError

_ROOT = Path(__file__).parents[2]


def main(words: list[str]) -> int:
    """Carry out one command; Pulumi's exit code, or 1 when it is refused."""
    if words[:1] == ["pulumi"]:
        from fediversity.rollout.passthrough import run_passthrough  # noqa: PLC0415 (the other commands need none of it)

        return run_passthrough(words[1:], _ROOT)
    # No abbreviations: what is not known here is Pulumi's.
    parser = argparse.ArgumentParser(prog="fediversity.rollout", description=__doc__, allow_abbrev=False)
    parser.add_argument("operation", choices=(*OPERATIONS, "init", "lift", "resolve"))
    parser.add_argument("stack", nargs="?", default=DEV)
    parser.add_argument("--plain", action="store_true", help="up: one line an event also on a terminal")
    parser.add_argument("--verbose", action="store_true", help="up: Pulumi's own output as it comes")
    parser.add_argument(
        "--plugins", choices=("local", "official"), help="preview: a real stack with simulated plug-ins"
    )
    parser.add_argument("--events", type=Path, metavar="FILE", help="up: write each event as a line of JSON")
    known, options = parser.parse_known_args(words)
    showing = OutputOptions(known.plain, known.verbose, known.events)

    def work() -> int:
        if known.operation != "up" and showing != OutputOptions():
            raise RefusedError("--plain, --verbose and --events are about what an `up` shows")
        return _carry_out(known.operation, known.stack, options, showing, known.plugins)

    return run_command(work, prefix="fediversity: ", subject="the rollout")


def _carry_out(operation: str, stack: str, options: list[str], showing: OutputOptions, plugins: str | None) -> int:
    if operation in ("up", "preview"):
        require_plain_path(_ROOT)
    project = Project.open(_ROOT, stack, plugins or os.environ.get(PLUGINS_VARIABLE))
    settings = project.settings
    if settings.preview_only and operation != "preview":
        raise RefusedError(
            f"{operation} is refused: with simulated plug-ins the real stack {stack} can only be previewed"
        )
    if settings.simulated or "local" in settings.plugins.values():
        _require_embedded(stack)
    if settings.simulated and operation in OPERATIONS:
        say(f"stack {stack} is simulated: its clouds, machines and tools are on this computer only")
    engine = PulumiCli(_ROOT, environment(stack, os.environ, settings.backend, settings.endpoints))
    with contextlib.ExitStack() as held:
        if operation != "preview":
            held.enter_context(project.only_run())
        if operation in (*OPERATIONS, "lift"):
            # Before anything slow is imported: they get ready on another processor meanwhile.
            started = held.enter_context(local_plugins(settings, _ROOT, engine.environment))
            engine = replace(engine, plugins=started)
        from fediversity.rollout.operations import carry_out  # noqa: PLC0415 (see above)

        return carry_out(operation, project, engine, options, showing)


def _require_embedded(stack: str) -> None:
    """Raises RefusedError where the packages of the embedded cloud are not installed."""
    if problem := missing_extra():
        raise RefusedError(f"stack {stack} cannot be used; nothing was changed: {problem}")


if __name__ == "__main__":
    run_process(lambda: main(sys.argv[1:]))
