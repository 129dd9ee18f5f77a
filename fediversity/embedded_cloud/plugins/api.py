"""Simulates failures of a cloud's API, and how the real provider's client handles them.

- Hetzner (hcloud-go, `client_handler_retry.go`): repeats a request, at most five times, after `rate_limit_exceeded` and
  after a gateway timeout, also if it creates a resource. Other failures are reported at once.
- Google (terraform-provider-google, `retry_transport.go`): repeats a request after 429, 500, 502 and 503 for at most 90
  seconds, which is also the timeout for an answer.

So at Hetzner a create that times out is repeated, and then fails because the name is taken; at Google it fails at once.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, TypeVar

from fediversity.embedded_cloud.faults.store import FaultStore
from fediversity.embedded_cloud.plugins.problems import CloudError, api_error
from fediversity.embedded_cloud.plugins.provider import PulumiRequest

Failure = Literal["api-429", "api-500", "api-timeout-after-create"]

SIMULATED_SECOND = 0.05
"""Duration of one second of a real client's waiting time, in seconds."""

_PART = re.compile(
    r"-(firewall(-\d+|-closed)?|address(-ipv6)?|server|account|image|disk-.+|network|(volume|attachment)-.+|rdns(-ipv6)?)$"
)
"""Suffixes that the program appends to a machine's name for each of its resources."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Client:
    """How a real provider's client handles failures. `pauses` are the seconds before each further attempt."""

    retried: frozenset[Failure]
    pauses: tuple[float, ...]
    errors: Mapping[Failure, tuple[str, str]]
    patience: float = 0.0

    def error(self, failure: Failure) -> CloudError:
        """Returns the error that the provider reports in the end."""
        message, code = self.errors[failure]
        return api_error(message, code, "failed")


CLIENTS: Mapping[str, Client] = {
    "hcloud": Client(
        frozenset({"api-429", "api-timeout-after-create"}),
        (1, 2, 4, 8, 16),
        {
            "api-429": ("API rate limit exceeded", "rate_limit_exceeded"),
            "api-500": ("an error occurred within a service", "service_error"),
            "api-timeout-after-create": ("server responded with status code 504", "timeout"),
        },
    ),
    "gcp": Client(
        frozenset({"api-429", "api-500"}),
        (0.5, 1, 1.5, 2.5, 4, 6.5, 10.5, 17, 27.5),
        {
            "api-429": ("googleapi: Error 429: Rate Limit Exceeded", "rateLimitExceeded"),
            "api-500": ("googleapi: Error 500: Internal error encountered.", "backendError"),
            "api-timeout-after-create": ("no answer: context deadline exceeded", "timeout"),
        },
        patience=30.0,
    ),
}
"""The clients by package. Other packages have no API: their real counterparts are also on this computer."""


async def send_request(
    faults: FaultStore,
    package: str,
    request: PulumiRequest,
    name: object,
    work: Callable[[], _Result],
    *,
    creates: bool = False,
) -> _Result:
    """Runs `work` as a request to a provider's API. Raises `CloudError`, including that of the work itself."""
    client = CLIENTS.get(package)
    if client is None:
        return await asyncio.to_thread(work)
    names = [*_names(request.name, name)]
    for pause in (*client.pauses, None):
        failure = _triggered_failure(faults, names)
        if failure is None and not (creates and _is_triggered(faults, names, "api-timeout-after-create")):
            return await asyncio.to_thread(work)
        if failure is None:
            failure = "api-timeout-after-create"
            await asyncio.to_thread(work)
            await _wait(request, client.patience)
        if failure not in client.retried or pause is None or request.cancelled.is_set():
            raise client.error(failure)
        await _wait(request, pause)
    raise AssertionError("the last attempt answers or raises")


def _names(resource: str, name: object) -> Iterator[str]:
    """Yields the names for which a fault may be set: the resource's name in the program and in the cloud, and its
    machine's.
    """
    yield resource
    if isinstance(name, str) and name != resource:
        yield name
    machine = _PART.sub("", resource)
    if machine not in (resource, name):
        yield machine


def _triggered_failure(faults: FaultStore, names: list[str]) -> Failure | None:
    kinds: tuple[Failure, ...] = ("api-429", "api-500")
    return next((kind for kind in kinds if _is_triggered(faults, names, kind)), None)


def _is_triggered(faults: FaultStore, names: list[str], kind: Failure) -> bool:
    return any(faults.trigger(name, kind) for name in names)


async def _wait(request: PulumiRequest, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(request.cancelled.wait(), seconds * SIMULATED_SECOND)
