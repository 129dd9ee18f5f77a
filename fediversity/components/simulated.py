"""Resources of the embedded cloud itself. They exist in stacks with `machines: simulated` only."""

from collections.abc import Sequence

import pulumi

LOCAL_VERSION = "0.0.0-local"
"""The version under which the embedded cloud's plug-ins are installed."""


class SimulatedProvider(pulumi.ProviderResource):
    """The provider of everything that has no cloud: the site and the machines outside any cloud."""

    def __init__(self, name: str, stack: str) -> None:
        super().__init__("simulated", name, {"stack": stack}, pulumi.ResourceOptions(version=LOCAL_VERSION))


class Site(pulumi.CustomResource):
    """The stack's own folder and throwaway SSH key. Deleting it ends and removes all that is simulated.

    `public_key` is the key's public half, as one line of OpenSSH.
    """

    public_key: pulumi.Output[str]

    def __init__(self, name: str, stack: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("simulated:index:Site", name, {"stack": stack, "publicKey": None}, opts)

    @property
    @pulumi.getter(name="publicKey")
    def _public_key(self) -> pulumi.Output[str]:
        value: pulumi.Output[str] = pulumi.get(self, "public_key")
        return value


class Host(pulumi.CustomResource):
    """A simulated machine outside any cloud: a Mac, or a server somebody else runs. `address` is on loopback."""

    address: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        machine_class: str,
        system: str,
        user: str,
        authorized_keys: Sequence[pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        inputs = {
            "name": name,
            "machineClass": machine_class,
            "system": system,
            "user": user,
            "authorizedKeys": authorized_keys,
            "address": None,
        }
        super().__init__("simulated:index:Host", f"{name}-host", inputs, opts)
