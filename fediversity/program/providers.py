"""The providers of a stack. Each is explicit, and made only when something needs it."""

from functools import cached_property

import pulumi

from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.account import CloudAccount
from fediversity.fleet.providers.accounts import ACCOUNTS, accounts_of, package_of_kind
from fediversity.program.cloud import ProviderRequest
from fediversity.program.clouds import provider_module
from fediversity.program.credentials import secret_of
from fediversity.program.settings import Settings
from fediversity.program.simulated import SimulatedProvider, SimulatedSite
from fediversity.project.credentials import Credential, Credentials
from fediversity.support.constants import LOCAL_VERSION

_FROM_SETTINGS: Credentials = {
    package: Credential("plugin" if account.plugin_finds else "config") for package, account in ACCOUNTS.items()
}


class Providers:
    """Gives out the providers that the stack's settings name: the official ones or the embedded cloud's.

    `credentials` are those that were found; without them each is the stack's secret, unless the cloud's plug-in finds
    its own.
    """

    def __init__(self, settings: Settings, fleet: Fleet, credentials: Credentials | None = None) -> None:
        self._settings = settings
        self._fleet = fleet
        self._credentials = _FROM_SETTINGS if credentials is None else credentials
        self._clouds: dict[str, pulumi.ProviderResource] = {}

    def start(self) -> None:
        """Registers the providers of what the fleet has, and that of commands."""
        _ = self.site, self.command
        for account in accounts_of(self._fleet):
            self.of_package(account.package)

    @cached_property
    def site(self) -> SimulatedSite | None:
        """The simulated site, which everything simulated waits for; None in a real stack."""
        if not self._settings.simulated:
            return None
        return SimulatedSite("site", self._settings.stack, pulumi.ResourceOptions(provider=self.simulated))

    @cached_property
    def simulated(self) -> SimulatedProvider:
        """The provider of the simulated site and its machines outside any cloud."""
        return SimulatedProvider("simulated", self._settings.stack)

    def of_cloud(self, kind: str) -> pulumi.ProviderResource:
        """Returns the provider of a cloud, by the cloud's word in a fleet file."""
        return self.of_package(package_of_kind(kind))

    def of_package(self, package: str) -> pulumi.ProviderResource:
        """Returns the provider of a Pulumi package, a cloud's or another."""
        if package in ("command", "simulated"):
            return self.command if package == "command" else self.simulated
        if package not in self._clouds:
            self._clouds[package] = self._declare(ACCOUNTS[package])
        return self._clouds[package]

    def _declare(self, account: CloudAccount) -> pulumi.ProviderResource:
        local = self._settings.plugins[account.package] == "local"
        request = ProviderRequest(
            settings=self._settings,
            fleet=self._fleet,
            secret=None if local else secret_of(account.package, self._credentials),
            simulated=f"simulated:{self._settings.stack}" if local else None,
            opts=self._local if local else pulumi.ResourceOptions(),
        )
        return provider_module(account.kind).declare_provider(request)

    @cached_property
    def command(self) -> pulumi.ProviderResource:
        """The command plug-in, which starts the runner."""
        import pulumi_command as command  # noqa: PLC0415 (only loaded when needed)

        local = self._settings.plugins["command"] == "local"
        opts = self._local if local else pulumi.ResourceOptions(depends_on=self._waits_for)
        return command.Provider("command", opts=opts)

    @property
    def _local(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(version=LOCAL_VERSION, depends_on=self._waits_for)

    @property
    def _waits_for(self) -> list[pulumi.Resource]:
        # What a provider made is deleted before the provider, so the site outlives everything that is simulated.
        return [self.site] if self.site is not None else []
