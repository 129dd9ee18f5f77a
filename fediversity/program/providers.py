"""The providers of a stack. Each is explicit, and made only when something needs it."""

from collections.abc import Collection
from functools import cached_property

import pulumi

from fediversity.fleet.clouds import Gcp
from fediversity.program.credentials import secret_of
from fediversity.program.settings import Settings
from fediversity.program.simulated import SimulatedProvider, SimulatedSite
from fediversity.project.credentials import Credential, Credentials
from fediversity.support.constants import LOCAL_VERSION

_FROM_SETTINGS: Credentials = {"hcloud": Credential("config"), "gcp": Credential("plugin")}


class Providers:
    """Gives out the providers that the stack's settings name: the official ones or the embedded cloud's.

    `credentials` are those that were found; without them Hetzner's is the stack's secret, and Google's plug-in finds
    its own.
    """

    def __init__(self, settings: Settings, project: Gcp | None, credentials: Credentials | None = None) -> None:
        self._settings = settings
        self._project = project
        self._credentials = _FROM_SETTINGS if credentials is None else credentials

    def start(self, kinds: Collection[str]) -> None:
        """Registers the providers of some kinds of machines and services, and that of commands."""
        wanted = [self.site, self.command]
        wanted += [self.hcloud] if "hetzner" in kinds else []
        wanted += [self.gcp] if "gcp" in kinds else []

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

    @cached_property
    def hcloud(self) -> pulumi.ProviderResource:
        """Hetzner Cloud: servers, addresses, firewalls, DNS."""
        import pulumi_hcloud as hcloud  # noqa: PLC0415 (only loaded when needed)

        if self._settings.plugins["hcloud"] == "local":
            endpoint = f"simulated:{self._settings.stack}"
            return hcloud.Provider("hcloud", endpoint=endpoint, token="simulated", opts=self._local)  # noqa: S106
        elsewhere = self._settings.endpoints.hcloud
        return hcloud.Provider("hcloud", token=secret_of("hcloud", self._credentials), endpoint=elsewhere)

    @cached_property
    def gcp(self) -> pulumi.ProviderResource:
        """Google Cloud: instances, addresses, firewalls, DNS, buckets."""
        import pulumi_gcp as gcp  # noqa: PLC0415 (slow to load, and only some fleets need it)

        if self._settings.plugins["gcp"] == "local":
            endpoint = f"simulated:{self._settings.stack}"
            return gcp.Provider(
                "gcp",
                project="simulated",
                compute_custom_endpoint=endpoint,
                dns_custom_endpoint=endpoint,
                storage_custom_endpoint=endpoint,
                iam_custom_endpoint=endpoint,
                kms_custom_endpoint=endpoint,
                cloud_resource_manager_custom_endpoint=endpoint,
                opts=self._local,
            )
        if self._project is None:
            raise ValueError("a fleet without a Google project asked for Google Cloud")
        elsewhere = self._settings.endpoints.gcp
        return gcp.Provider(
            "gcp",
            project=self._project.project,
            credentials=secret_of("gcp", self._credentials),
            compute_custom_endpoint=elsewhere.get("compute"),
            dns_custom_endpoint=elsewhere.get("dns"),
            iam_custom_endpoint=elsewhere.get("iam"),
            kms_custom_endpoint=elsewhere.get("kms"),
            cloud_resource_manager_custom_endpoint=elsewhere.get("resource_manager"),
            storage_custom_endpoint=elsewhere.get("storage"),
        )

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
