"""Inspects a backend and creates what is missing."""

from collections.abc import Callable, Sequence
from datetime import datetime

from fediversity.state import aws, gcloud
from fediversity.state.actions import NEW_KEY, Action, ResourceState, Run
from fediversity.state.backend_spec import AwsKey, BackendSpec, GcpKey, GcsBucket, StateError


def inspect_backend(spec: BackendSpec, run: Run, now: datetime, *, accept_unencrypted: bool = False) -> ResourceState:
    """Returns what exists and what is missing. Changes nothing. Raises StateError if it cannot be read."""
    bucket, secrets_provider = spec.bucket, spec.secrets_provider
    if isinstance(bucket, GcsBucket):
        found = gcloud.inspect_bucket(bucket, run)
    else:
        found = aws.inspect_bucket(bucket, run, accept_unencrypted=accept_unencrypted)
    if isinstance(secrets_provider, GcpKey):
        return found + gcloud.inspect_key(secrets_provider, run, now)
    return found + aws.inspect_key(secrets_provider, run) if isinstance(secrets_provider, AwsKey) else found


def carry_out(actions: Sequence[Action], run: Run, announce: Callable[[Action], object]) -> None:
    """Carries the actions out in order; `announce` is called with each beforehand.

    Raises StateError at the first failure. What was created before stays, and the next inspection finds it.
    """
    made: str | None = None
    for action in actions:
        announce(action)
        command = tuple(_filled(word, made) for word in action.command)
        answer = run(command)
        if answer.status != 0:
            raise StateError(
                f"it did not work to {action.what}:\n{answer.err.strip() or answer.out.strip()}\n"
                "What was made before stays; mend the cause and start this again."
            )
        made = aws.new_key_id(answer) or made


def _filled(word: str, made: str | None) -> str:
    if word != NEW_KEY:
        return word
    if made is None:
        raise StateError("aws did not say the id of the key it made; look with `aws kms list-keys`")
    return made
