"""What every cloud's part of the program can do: declare its provider, machines, zones, and what they share."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi

from fediversity.fleet.model import Fleet
from fediversity.program.dns_records import ZoneArgs, ZoneComponent
from fediversity.program.machines import MachineArgs, MachineComponent
from fediversity.program.settings import Settings
from fediversity.program.ssh_keys import OperatorKey


@dataclass(frozen=True)
class CloudContext:
    """What a cloud is declared from: the fleet, its stack, the labels of everything, and the cloud's provider."""

    fleet: Fleet
    settings: Settings
    labels: dict[str, str]
    provider: pulumi.ProviderResource


class Cloud(ABC):
    """One cloud in one run of the program."""

    def __init__(self, context: CloudContext) -> None:
        self.context = context

    @property
    def options(self) -> pulumi.ResourceOptions:
        """Options for a component, whose resources get the cloud's provider."""
        return pulumi.ResourceOptions(providers=[self.context.provider])

    def declare_shared(self, keys: Sequence[OperatorKey]) -> None:
        """Declares what the cloud's machines share. `keys` are those of everybody who may log in."""
        del keys

    @abstractmethod
    def machine(self, args: MachineArgs, opts: pulumi.ResourceOptions) -> MachineComponent:
        """Declares a machine. What it shares with others is declared before."""

    def zone(self, args: ZoneArgs, opts: pulumi.ResourceOptions) -> ZoneComponent:
        """Declares a DNS zone with its records. Raises NotImplementedError in a cloud that serves none."""
        raise NotImplementedError(f"{args.domain}: {type(self).__name__} serves no DNS zones")

    def declare_storage(self) -> None:
        """Declares the fleet's buckets and keys in this cloud; nothing in a cloud that keeps none."""
        return


@dataclass(frozen=True)
class ProviderRequest:
    """What a cloud's provider is made from.

    `simulated` is the address of the embedded cloud with the options of its plug-in, None for the official one.
    `secret` is the credential, None if the plug-in finds it by itself.
    """

    settings: Settings
    fleet: Fleet
    secret: pulumi.Output[str] | None
    simulated: str | None
    opts: pulumi.ResourceOptions


class ProviderModule(Protocol):
    """The module `provider` of a cloud's folder, which loads the cloud's SDK only when a provider is declared."""

    ANSWERS: Mapping[str, Mapping[str, Any]]
    """What a preview without the cloud answers to what the program asks the cloud, by the function's token."""

    def declare_provider(self, request: ProviderRequest) -> pulumi.ProviderResource:
        """Declares the provider, by the name of its package."""
