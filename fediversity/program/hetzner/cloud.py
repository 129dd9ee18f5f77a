"""Hetzner's part of the program."""

from collections.abc import Sequence

import pulumi

from fediversity.program.cloud import Cloud, CloudContext
from fediversity.program.dns_records import ZoneArgs
from fediversity.program.hetzner.dns import HetznerZone
from fediversity.program.hetzner.machine import HetznerMachine
from fediversity.program.hetzner.shared import HetznerShared, declare_shared
from fediversity.program.machines import MachineArgs
from fediversity.program.ssh_keys import OperatorKey


class HetznerCloud(Cloud):
    """Servers, networks and zones of Hetzner."""

    def __init__(self, context: CloudContext) -> None:
        super().__init__(context)
        self._shared = HetznerShared()

    def declare_shared(self, keys: Sequence[OperatorKey]) -> None:
        """Declares SSH keys, networks and placement groups."""
        context = self.context
        self._shared = declare_shared(context.fleet, keys, context.labels, context.settings.protect, self.options)

    def machine(self, args: MachineArgs, opts: pulumi.ResourceOptions) -> HetznerMachine:
        """Declares a server."""
        return HetznerMachine(args, self._shared, opts)

    def zone(self, args: ZoneArgs, opts: pulumi.ResourceOptions) -> HetznerZone:
        """Declares a zone of Hetzner DNS."""
        return HetznerZone(args, opts)


CLOUD = HetznerCloud
