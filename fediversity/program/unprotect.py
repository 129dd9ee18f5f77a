"""Lifts the protection of what is to be destroyed, in Pulumi and in the cloud, and changes nothing else.

A cloud refuses to delete what it protects, and Pulumi deletes with the settings that it knows. So protection has to
go by a change of its own, before the change that destroys. What is to be lifted may have another place in the fleet
file by now, or none any more; so it is declared as Pulumi's state has it.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from fediversity.fleet.providers.resource_types import resource_type
from fediversity.program.planned_program import Lifting
from fediversity.program.providers import Providers

_PROVIDER = "pulumi:providers:"
_STACK = "pulumi:pulumi:Stack"
_SITE = "simulated:index:Site"


def lift_protection(wanted: Lifting, providers: Providers) -> None:
    """Declares what the state has, less the protection of what is to be destroyed.

    Everything has to be there, because Pulumi takes what is not declared for something to be deleted.
    """
    declared: dict[str, pulumi.Resource] = {}
    for state in wanted.resources:
        if state["type"] == _STACK:
            for name, value in (state.get("outputs") or {}).items():
                pulumi.export(name, _plain(value))
        else:
            declared[state["urn"]] = _declare(state, declared, providers, lifted=state["urn"] in wanted.urns)


def _declare(
    state: Mapping[str, Any], declared: Mapping[str, pulumi.Resource], providers: Providers, *, lifted: bool
) -> pulumi.Resource:
    name = state["urn"].rpartition("::")[2]
    if state["type"].startswith(_PROVIDER):
        provider: pulumi.ProviderResource = providers.of_package(state["type"].removeprefix(_PROVIDER))
        return provider
    if state["type"] == _SITE and providers.site is not None:
        return providers.site
    parent = declared.get(state.get("parent") or "")
    if not state.get("custom"):
        return pulumi.ComponentResource(state["type"], name, None, pulumi.ResourceOptions(parent=parent))
    inputs = {key: _plain(value) for key, value in (state.get("inputs") or {}).items() if not key.startswith("__")}
    switches = resource_type(state["type"]).switches
    provider_urn = (state.get("provider") or "").rpartition("::")[0]
    return pulumi.CustomResource(
        state["type"],
        name,
        {key: False if lifted and key in switches else value for key, value in inputs.items()},
        pulumi.ResourceOptions(
            parent=parent,
            provider=_provider(declared.get(provider_urn)),
            depends_on=[declared[urn] for urn in state.get("dependencies") or () if urn in declared],
            protect=False if lifted else bool(state.get("protect")),
            # Nothing but the protection may change, whatever became of the other values on their way here.
            ignore_changes=[key for key in inputs if key not in switches],
            additional_secret_outputs=state.get("additionalSecretOutputs"),
            retain_on_delete=state.get("retainOnDelete"),
            deleted_with=declared.get(state.get("deletedWith") or ""),
        ),
    )


def _provider(resource: pulumi.Resource | None) -> pulumi.ProviderResource | None:
    return resource if isinstance(resource, pulumi.ProviderResource) else None


def _plain(value: Any) -> Any:
    """Returns a value of the state. What is encrypted there is not read: its change is ignored anyway."""
    if isinstance(value, Mapping):
        return "unread" if "ciphertext" in value else {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value
