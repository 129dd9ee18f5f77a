"""Machines that no cloud creates, and what all machine components share."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from fediversity.fleet.machines import Machine
from fediversity.fleet.providers.network_fields import FirewallRule
from fediversity.program.imports import EVERYTHING
from fediversity.program.simulated import SimulatedHost
from fediversity.program.ssh_keys import OperatorKey
from fediversity.support.constants import ZEROTIER_PORT

"""The UDP port ZeroTier listens on."""


@dataclass(frozen=True)
class MachineArgs:
    """What every machine component is given.

    `name` is the machine's name in the fleet, `keys` those that may log in as root at first, `labels` what the cloud's
    own lists show. `protect` keeps the machine, its address and its disk from being deleted by accident. `size` is the
    cloud's machine type that it has now, which is another than the fleet file's while NixOS is installed.
    """

    name: str
    machine: Machine
    keys: Sequence[OperatorKey]
    labels: dict[str, str]
    protect: bool
    simulated: bool
    size: str = ""

    def options(
        self,
        parent: pulumi.Resource,
        part: str = "",
        *,
        protect: bool = False,
        ignore_changes: Sequence[str] = (),
        fixed_name: str | None = None,
        delete_before_replace: bool | None = None,
    ) -> pulumi.ResourceOptions:
        """Returns the options of one of the machine's resources.

        `part` says which of `import:` it is: `server`, `address`, `address_ipv6` or `firewall`. What is taken over from
        the cloud is left as it is as long as the fleet file says so. `fixed_name` is the property of a name that the
        cloud cannot change in place: it stays when the machine is renamed in the fleet file.
        """
        adopted = getattr(self.machine.import_, part, None) if part else None
        kept = [fixed_name] if fixed_name and self.machine.formerly else []
        return pulumi.ResourceOptions(
            parent=parent,
            protect=protect and self.protect,
            ignore_changes=(EVERYTHING if adopted else [*ignore_changes, *kept]) or None,
            import_=adopted,
            delete_before_replace=delete_before_replace,
        )


class MachineComponent(pulumi.ComponentResource):
    """A machine of the fleet. `address` is where SSH reaches it, `address_ipv6` its public IPv6 address if it has one.

    `server_id` is the cloud's id of the very server, which changes when it is replaced; None where no cloud creates it.
    """

    address: pulumi.Output[str]
    address_ipv6: pulumi.Output[str] | None
    server_id: pulumi.Output[str] | None

    def _finish(
        self,
        address: pulumi.Output[str],
        server_id: pulumi.Output[str] | None,
        address_ipv6: pulumi.Output[str] | None = None,
    ) -> None:
        self.address = address
        self.address_ipv6 = address_ipv6
        self.server_id = server_id
        outputs = {"address": address, "addressIpv6": address_ipv6, "serverId": server_id}
        self.register_outputs({name: value for name, value in outputs.items() if value is not None})


class ExistingMachine(MachineComponent):
    """A NixOS machine that was made by other means. In a simulated stack the embedded cloud provides one."""

    def __init__(self, args: MachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:machines:ExistingMachine", args.name, None, opts)
        provider = args.machine.provider
        ipv6 = pulumi.Output.from_input(str(provider.fixed_host)) if 6 in provider.address_versions else None
        self._finish(_outside_address(self, args), None, ipv6)


class DarwinMachine(MachineComponent):
    """A Mac. In a simulated stack the embedded cloud provides one that is bootstrapped."""

    def __init__(self, args: MachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("fediversity:machines:DarwinMachine", args.name, None, opts)
        self._finish(_outside_address(self, args), None)


def _outside_address(parent: pulumi.Resource, args: MachineArgs) -> pulumi.Output[str]:
    provider = args.machine.provider
    if provider.fixed_host is None:
        raise TypeError(f"{args.name} is a machine of kind {provider.kind}")
    if not args.simulated:
        return pulumi.Output.from_input(provider.fixed_host)
    host = SimulatedHost(
        args.name,
        machine_class=args.machine.machineClass,
        system=args.machine.system,
        user=args.machine.ssh.user,
        authorized_keys=[key.public_key for key in args.keys],
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return host.address


def open_ports(machine: Machine, extra: Sequence[FirewallRule]) -> list[FirewallRule]:
    """Returns what a cloud's firewall lets in: SSH, unlocking, ZeroTier, and what the fleet file adds."""
    rules = [FirewallRule(protocol="tcp", port=str(machine.ssh.port), description="SSH")]
    if machine.disk.encrypted:
        rules.append(FirewallRule(protocol="tcp", port=str(machine.disk.unlock_port), description="unlocking"))
    rules.append(FirewallRule(protocol="udp", port=str(ZEROTIER_PORT), description="ZeroTier"))
    return [*rules, *extra]
