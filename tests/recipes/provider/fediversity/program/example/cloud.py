"""Example Cloud's part of the program."""

import pulumi
from fediversity.fleet.providers.example.model import ExampleProvider

from fediversity.program.cloud import Cloud
from fediversity.program.machines import MachineArgs, MachineComponent


class ExampleMachine(MachineComponent):
    """A server of Example Cloud."""

    def __init__(self, args: MachineArgs, opts: pulumi.ResourceOptions) -> None:
        super().__init__("fediversity:machines:ExampleMachine", args.name, None, opts)
        provider = ExampleProvider.of(args.machine.provider)
        inputs = {
            "name": args.name,
            "serverSize": args.size,
            "region": provider.region,
            "sshKeys": [key.public_key for key in args.keys],
            "deleteProtection": args.protect,
            "labels": args.labels,
            "address": None,
        }
        options = args.options(self, "server", protect=True)
        server = pulumi.CustomResource("example:index/server:Server", f"{args.name}-server", inputs, options)
        self._finish(pulumi.get(server, "address"), server.id)


class ExampleCloud(Cloud):
    """Servers of Example Cloud."""

    def machine(self, args: MachineArgs, opts: pulumi.ResourceOptions) -> ExampleMachine:
        """Declares a server."""
        return ExampleMachine(args, opts)


CLOUD = ExampleCloud
