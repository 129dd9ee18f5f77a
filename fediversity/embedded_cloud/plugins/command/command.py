"""Implements `command:local:Command`: runs the commands of its operations and keeps their output."""

import os
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from fediversity.embedded_cloud.plugins.command.process import Command, ProcessResult, run
from fediversity.embedded_cloud.plugins.problems import Problem, did_you_mean, not_simulated
from fediversity.embedded_cloud.plugins.provider import PulumiRequest, Resource, State
from fediversity.embedded_cloud.plugins.values import UNKNOWN, Values, public

COMMAND = "command:local:Command"
LOGGING = ("stdout", "stderr", "stdoutAndStderr", "none")
_SHELL = ["/bin/sh", "-c"]


class LocalCommand(Resource):
    """A command that runs when the resource is created, changed or deleted. It has no external state, so no drift."""

    def rules(self, inputs: Values) -> Iterable[Problem]:
        logging = inputs.get("logging")
        if isinstance(logging, str) and logging not in LOGGING:
            yield Problem("logging", f'"{logging}" is not a logging mode{did_you_mean(logging, LOGGING)}')
        for name in ("assetPaths", "archivePaths"):
            if inputs.get(name):
                yield not_simulated(name, "files are not collected")

    def preview_outputs(self, inputs: Values, outputs: Mapping[str, Any] | None) -> Values:
        """Returns unknown outputs, also for an existing resource: nothing runs in a preview."""
        del outputs
        return {**public(inputs), "stdout": UNKNOWN, "stderr": UNKNOWN}

    async def create(self, request: PulumiRequest, inputs: Values) -> State:
        state = public(inputs)
        outputs = await _run(request, state.get("create"), state, {})
        return State(f"{request.name}{token_hex(4)}", inputs, state | outputs)

    async def read(self, request: PulumiRequest, id_: str, inputs: Values, outputs: Values) -> State | None:
        del request
        return State(id_, inputs, outputs)

    async def update(self, request: PulumiRequest, id_: str, outputs: Values, inputs: Values) -> Values:
        del id_
        state = public(inputs)
        text = state.get("update", state.get("create"))
        return state | await _run(request, text, state, outputs)

    async def delete(self, request: PulumiRequest, id_: str, outputs: Values) -> None:
        """Runs the command with the inputs of the last creation or change."""
        del id_
        await _run(request, outputs.get("delete"), outputs, outputs)


async def _run(
    request: PulumiRequest, text: str | None, inputs: Mapping[str, Any], previous: Mapping[str, Any]
) -> Values:
    """Runs a command, if there is one, and returns the output properties. `previous` are those of the previous run."""
    if text is None:
        return {name: previous.get(name, "") for name in ("stdout", "stderr")}
    result = await run(_command(text, inputs, previous), request.timeout, request.cancelled, request.log)
    return _output_values(result)


def _command(text: str, inputs: Mapping[str, Any], previous: Mapping[str, Any]) -> Command:
    logging = inputs.get("logging", "stdoutAndStderr")
    return Command(
        argv=[*(inputs.get("interpreter") or _SHELL), text],
        environment={**os.environ, **inputs.get("environment", {}), **_previous(inputs, previous)},
        directory=inputs.get("dir"),
        stdin=inputs.get("stdin"),
        log_stdout=logging in {"stdout", "stdoutAndStderr"},
        log_stderr=logging in {"stderr", "stdoutAndStderr"},
    )


def _previous(inputs: Mapping[str, Any], previous: Mapping[str, Any]) -> dict[str, str]:
    if not inputs.get("addPreviousOutputInEnv", True):
        return {}
    return {f"PULUMI_COMMAND_{name.upper()}": previous[name] for name in ("stdout", "stderr") if previous.get(name)}


def _output_values(result: ProcessResult) -> Values:
    return {"stdout": result.stdout, "stderr": result.stderr}
