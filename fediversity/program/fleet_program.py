"""Declares a fleet and its plan to Pulumi."""

import json
from collections.abc import Mapping
from functools import cached_property

import pulumi

from fediversity.fleet.dns_records import record_sets
from fediversity.fleet.machines import Machine
from fediversity.fleet.model import Fleet
from fediversity.fleet.providers.accounts import accounts_of
from fediversity.planning.known_servers import UNKNOWN, KnownServers
from fediversity.planning.step_options import checks_text, controller_of, runner_options
from fediversity.planning.steps import Plan, Step
from fediversity.program.cloud import Cloud, CloudContext
from fediversity.program.clouds import cloud_class
from fediversity.program.deployments import ClanDeployment, NixopsDeployment, StepComponent
from fediversity.program.dns_records import ZoneArgs
from fediversity.program.machines import DarwinMachine, ExistingMachine, MachineArgs, MachineComponent
from fediversity.program.planned_program import Lifting
from fediversity.program.providers import Providers
from fediversity.program.settings import Settings
from fediversity.program.ssh_keys import NOBODYS_KEY, OperatorKey, operator_key
from fediversity.program.unprotect import lift_protection
from fediversity.project.credentials import Credentials


class Program:
    """One run of the program: declares machines, DNS, buckets and steps, in this order.

    `attempts` numbers the steps that must run again although nothing about them has changed (see `plan.attempts`),
    `servers` is what is known of the machines' servers, `credentials` are those of the clouds (see `Providers`).
    `lifting` is for a run of its own that does nothing but lift protection (see `lifting`).
    """

    def __init__(
        self,
        fleet: Fleet,
        plan: Plan,
        settings: Settings,
        attempts: Mapping[str, int] | None = None,
        servers: KnownServers = UNKNOWN,
        credentials: Credentials | None = None,
        lifting: Lifting | None = None,
    ) -> None:
        self.lifting = lifting
        self.fleet = fleet
        self.plan = plan
        self.settings = settings
        self.attempts = attempts or {}
        self.servers = servers
        self.providers = Providers(settings, fleet, credentials)
        self.labels = {"fleet": fleet.name, "environment": settings.stack}
        self.machines: dict[str, MachineComponent] = {}
        self._clouds: dict[str, Cloud] = {}
        self._groups: dict[tuple[type[StepComponent], str], StepComponent] = {}
        self._steps: dict[str, pulumi.Resource] = {}

    def start(self) -> None:
        """Registers the providers of what will be declared, so that their plug-ins can start meanwhile."""
        if self.lifting is not None:
            return
        # A fleet that is refused registers nothing.
        _ = self._keys
        self.providers.start()

    def declare(self) -> None:
        """Declares everything. The stack's outputs are the machines' addresses and the zones' name servers.

        With `lifting`, what the state has is declared in its place, less some protection.
        """
        if self.lifting is not None:
            lift_protection(self.lifting, self.providers)
            return
        self._declare_machines()
        self._declare_dns()
        for account in accounts_of(self.fleet):
            self._cloud(account.kind).declare_storage()
        for step in self.plan:
            self._declare_step(step)
        for group in self._groups.values():
            group.finish()
        pulumi.export("addresses", {name: machine.address for name, machine in self.machines.items()})

    def _cloud(self, kind: str) -> Cloud:
        """Returns the part of the program for one cloud, made when the first thing in that cloud is declared."""
        if kind not in self._clouds:
            context = CloudContext(self.fleet, self.settings, self.labels, self.providers.of_cloud(kind))
            self._clouds[kind] = cloud_class(kind)(context)
        return self._clouds[kind]

    @cached_property
    def _keys(self) -> list[OperatorKey]:
        """The keys that may log in to new machines. Raises RunError if there is none."""
        keys = [operator_key(name, line) for name, operator in self.fleet.operators.items() for line in operator.keys]
        if self.providers.site is not None:
            keys.append(OperatorKey("simulated", self.providers.site.public_key))
        if not keys and self.settings.preview_only:
            keys.append(OperatorKey("nobody", NOBODYS_KEY))
            pulumi.log.warn(f"{self.settings.fleet_file} names no operator: a key that nobody has stands in for theirs")
        if not keys and any(machine.installed_by_us for machine in self.fleet.enabled_machines.values()):
            raise pulumi.RunError(
                f"{self.settings.fleet_file}: operators: nobody could log in to a new machine\n"
                "    fix: add `operators:` with a name and at least one SSH public key under `keys:`"
            )
        return keys

    def _declare_machines(self) -> None:
        keys = self._keys
        for account in accounts_of(self.fleet):
            self._cloud(account.kind).declare_shared(keys)
        for name, machine in self.fleet.enabled_machines.items():
            args = MachineArgs(
                name=name,
                machine=self._as_reached(machine),
                keys=keys,
                labels=self.labels | {"machine": name},
                protect=self.settings.protect if machine.protect is None else machine.protect,
                simulated=self.settings.simulated,
                size=self.servers.size(name, machine) or "",
            )
            self.machines[name] = self._machine(args)

    def _as_reached(self, machine: Machine) -> Machine:
        """Returns the machine with its SSH port in this stack, which its firewall has to let in."""
        ssh = machine.ssh.model_copy(update={"port": self.settings.site.port(machine.ssh.port)})
        return machine.model_copy(update={"ssh": ssh})

    def _machine(self, args: MachineArgs) -> MachineComponent:
        provider = args.machine.provider
        if provider.creates_machines:
            cloud = self._cloud(provider.kind)
            return cloud.machine(args, self._renamed(args, cloud.options))
        outside = DarwinMachine if provider.runs == "darwin" else ExistingMachine
        simulated = self._with(self.providers.simulated) if self.settings.simulated else pulumi.ResourceOptions()
        return outside(args, self._renamed(args, simulated))

    @staticmethod
    def _renamed(args: MachineArgs, options: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
        """Returns the options of a machine's component, with its former names as aliases.

        What a component's resources were called follows from what it was called: their names begin with its name.
        """
        options.aliases = [pulumi.Alias(name=old) for old in args.machine.formerly] or None
        return options

    def _declare_dns(self) -> None:
        ipv4 = {name: machine.address for name, machine in self.machines.items()}
        ipv6 = {name: machine.address_ipv6 for name, machine in self.machines.items() if machine.address_ipv6}
        servers: dict[str, pulumi.Output[list[str]]] = {}
        # The inner ones first: the zone around them names their servers.
        for domain, zone in sorted(self.fleet.dns.zones.items(), key=lambda entry: -entry[0].count(".")):
            records = record_sets(self.fleet, domain)
            args = ZoneArgs(domain, zone, records, ipv4, ipv6, servers, self.labels, self.settings.protect)
            cloud = self._cloud(zone.provider)
            servers[domain] = cloud.zone(args, cloud.options).name_servers
        if servers:
            # What the registrar of a domain has to be told.
            pulumi.export("nameServers", servers)

    def _declare_step(self, step: Step) -> None:
        machine = self.machines[step.machine] if step.machine else None
        waits_for = [self._steps[name] for name in step.after]
        # A step's environment names the address; the machine itself must be there too, its firewall included.
        waits_for += [machine] if machine is not None and step.kind == "reach" else []
        self._steps[step.name] = self._group(step).add(
            step,
            runner_options(step, self.fleet, self.settings.site, self._size(step)),
            self._environment(step),
            server_id=machine.server_id if machine is not None else None,
            done_again_for=self._bound_to(step),
            after=waits_for,
            formerly=[f"{old}-{step.kind}" for old in self._former_names(step)],
        )

    def _former_names(self, step: Step) -> tuple[str, ...]:
        return self.fleet.machines[step.machine].formerly if step.machine and not step.deployment else ()

    def _bound_to(self, step: Step) -> list[pulumi.Input[str]]:
        """Returns what a step without a fingerprint runs once for: a server, its type, or each pair that meets."""
        if step.machine is None:
            return []
        machines = [self.machines[step.machine]]
        if step.kind == "join":
            # A new controller server has no members, so each has to be admitted again.
            machines.append(self.machines[controller_of(step.machine, self.fleet)])
        bound: list[pulumi.Input[str]] = [machine.server_id or machine.address for machine in machines]
        bound += [f"attempt {self.attempts[step.name]}"] if step.name in self.attempts else []
        size = self._size(step)
        return [*bound, *size.split(",")] if step.kind == "unlock" and size else bound

    def _size(self, step: Step) -> str | None:
        """Returns what a server gets only while it is off, so that its disk is locked afterwards: type and IPv6."""
        machine = self.fleet.machines.get(step.machine or "")
        size = self.servers.size(step.machine or "", machine) if machine else None
        return f"{size},no IPv6" if machine and size and machine.provider.ipv6_off else size

    def _group(self, step: Step) -> StepComponent:
        name = step.deployment or (f"{step.machine}-clan" if step.machine else "clan")
        kind = NixopsDeployment if step.deployment else ClanDeployment
        if (kind, name) not in self._groups:
            options = self._with(self.providers.command)
            options.aliases = [pulumi.Alias(name=f"{old}-clan") for old in self._former_names(step)] or None
            self._groups[kind, name] = kind(name, options)
        return self._groups[kind, name]

    def _environment(self, step: Step) -> dict[str, pulumi.Input[str]]:
        environment: dict[str, pulumi.Input[str]] = {}
        if step.fingerprint is not None and step.name in self.attempts:
            environment["FEDIVERSITY_ATTEMPT"] = str(self.attempts[step.name])
        if step.machine is None:
            return environment
        environment["FEDIVERSITY_ADDRESS"] = self.machines[step.machine].address
        if step.kind == "join":
            controller = self.machines[controller_of(step.machine, self.fleet)]
            environment["FEDIVERSITY_CONTROLLER_ADDRESS"] = controller.address
        checks = checks_text(step.machine, self.fleet) if step.kind in {"update", "apply"} else None
        if checks is not None:
            environment["FEDIVERSITY_CHECKS"] = checks
        if step.deployment:
            request = self.fleet.deployments[step.deployment].request()
            environment["FEDIVERSITY_DEPLOYMENT"] = json.dumps(request, sort_keys=True)
        return environment

    @staticmethod
    def _with(provider: pulumi.ProviderResource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(providers=[provider])
