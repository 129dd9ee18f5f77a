"""`python -m fediversity.engine up dev` and its siblings; see OPERATIONS, `init` and `resolve`."""

import argparse
import json
import os
import sys
import time
from pathlib import Path

from fediversity.cli.stack import read_settings
from fediversity.engine.backend import Backend
from fediversity.engine.cli import Engine
from fediversity.engine.command import DEV, OPERATIONS, arguments, environment
from fediversity.engine.errors import RefusedError
from fediversity.engine.recovery import recover, switch_on
from fediversity.engine.report import say, summary
from fediversity.engine.rollout import rollout_lines, steps_since
from fediversity.plan.settings import SettingsError, require_plain_path

_ROOT = Path(__file__).parents[2]


def main(words: list[str]) -> int:
    """Carry out one command; the engine's exit code, or 1 when it is refused."""
    parser = argparse.ArgumentParser(prog="fediversity.engine", description=__doc__)
    parser.add_argument("operation", choices=(*OPERATIONS, "init", "resolve"))
    parser.add_argument("stack")
    known, options = parser.parse_known_args(words)
    try:
        return _carry_out(known.operation, known.stack, options)
    except (RefusedError, SettingsError) as refusal:
        say(str(refusal))
        return 1


def _carry_out(operation: str, stack: str, options: list[str]) -> int:
    if operation in ("up", "preview"):
        require_plain_path(_ROOT)
    settings = read_settings(stack, _ROOT)
    if settings.simulated and operation in OPERATIONS:
        say(f"stack {stack} is simulated: its clouds, machines and tools are on this computer only")
    engine = Engine(_ROOT, environment(stack, os.environ))
    backend = Backend.of(_ROOT, engine.environment)
    if operation == "preview":
        _make_stack(stack, engine, backend)
        return engine.run(arguments(operation, stack, options))
    with backend.only_run(stack):
        if operation == "destroy" and not backend.has_stack(stack):
            say(f"stack {stack} was never rolled out: nothing to destroy")
            return 0
        _make_stack(stack, engine, backend)
        if operation == "init":
            return 0
        recover(stack, engine, backend, options if operation == "resolve" else ())
        if operation == "resolve":
            return 0
        if operation == "up":
            switch_on(stack, engine)
        began = time.time()
        code = engine.run(arguments(operation, stack, options))
        if operation == "up":
            steps = steps_since(engine.root, stack, began)
            for line in [*rollout_lines(stack, steps, ended_well=code == 0), *_summary(stack, engine, backend)]:
                print(line)
        return code


def _make_stack(stack: str, engine: Engine, backend: Backend) -> None:
    """Make the dev stack on first use. Another stack is its owner's to make: who keeps its secrets is a choice."""
    if backend.has_stack(stack):
        return
    if stack != DEV:
        raise RefusedError(
            f"stack {stack} does not exist in this project's backend. Make it once with "
            f"`./just pulumi stack init {stack} --secrets-provider=…`"
        )
    engine.output(["stack", "init", stack])
    say(f"made stack {stack}")


def _summary(stack: str, engine: Engine, backend: Backend) -> list[str]:
    deployment = backend.checkpoint(stack)
    if deployment is None:
        deployment = json.loads(engine.output(["stack", "export", "--stack", stack]))["deployment"]
    return summary(stack, deployment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
