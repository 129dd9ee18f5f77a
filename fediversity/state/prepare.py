"""Looks at what there is of a backend, and prepares what is missing."""

from collections.abc import Callable, Sequence
from datetime import datetime

from fediversity.state import aws, gcloud
from fediversity.state.actions import NEW_KEY, Action, ResourceState, Run
from fediversity.state.backend_spec import AwsKey, BackendSpec, GcpKey, GcsBucket, StateError


def inspect_backend(wanted: BackendSpec, run: Run, now: datetime, *, accept_unencrypted: bool = False) -> ResourceState:
    """What there is of a backend, and what is missing. Changes nothing. Raises StateError if it cannot be found out."""
    bucket, keeper = wanted.bucket, wanted.keeper
    if isinstance(bucket, GcsBucket):
        found = gcloud.inspect_bucket(bucket, run)
    else:
        found = aws.inspect_bucket(bucket, run, accept_unencrypted=accept_unencrypted)
    if isinstance(keeper, GcpKey):
        return found + gcloud.inspect_key(keeper, run, now)
    return found + aws.inspect_key(keeper, run) if isinstance(keeper, AwsKey) else found


def carry_out(steps: Sequence[Action], run: Run, told: Callable[[Action], object]) -> None:
    """Takes the steps, in order; `told` hears of each beforehand.

    Raises StateError at the first that fails. What was made before it stays, and looking again finds it.
    """
    made: str | None = None
    for step in steps:
        told(step)
        command = tuple(_filled(word, made) for word in step.command)
        answer = run(command)
        if answer.status != 0:
            raise StateError(
                f"it did not work to {step.what}:\n{answer.err.strip() or answer.out.strip()}\n"
                "What was made before stays; mend the cause and start this again."
            )
        made = aws.new_key_id(answer) or made


def _filled(word: str, made: str | None) -> str:
    if word != NEW_KEY:
        return word
    if made is None:
        raise StateError("aws did not say the id of the key it made; look with `aws kms list-keys`")
    return made
