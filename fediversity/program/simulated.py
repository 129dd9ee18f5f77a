"""Resources of the embedded cloud itself. They exist in stacks with `machines: simulated` only."""

from collections.abc import Sequence

import pulumi

from fediversity.support.constants import LOCAL_VERSION


class SimulatedProvider(pulumi.ProviderResource):
    """The provider of everything that has no cloud: the site and the machines outside any cloud."""

    def __init__(self, name: str, stack: str) -> None:
        super().__init__("simulated", name, {"stack": stack}, pulumi.ResourceOptions(version=LOCAL_VERSION))


class SimulatedSite(pulumi.CustomResource):
    """The stack's own folder and throwaway SSH key. Deleting it ends and removes all that is simulated."""

    def __init__(self, name: str, stack: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("simulated:index:Site", name, {"stack": stack, "publicKey": None}, opts)

    @property
    def public_key(self) -> pulumi.Output[str]:
        """The throwaway key's public half, as one line of OpenSSH."""
        value: pulumi.Output[str] = pulumi.get(self, "publicKey")
        return value


class SimulatedHost(pulumi.CustomResource):
    """A simulated machine outside any cloud: a Mac, or a server that was made by other means."""

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

    @property
    def address(self) -> pulumi.Output[str]:
        """Where SSH reaches it, on loopback."""
        value: pulumi.Output[str] = pulumi.get(self, "address")
        return value
