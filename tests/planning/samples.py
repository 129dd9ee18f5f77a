"""Fleets and sites that the tests of the plan and of its declaration are about."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fediversity.fleet.fleet_json import render
from fediversity.fleet.load import load_fleet, parse_fleet
from fediversity.fleet.model import Fleet
from fediversity.planning.build import make_plan
from fediversity.planning.fingerprint import FlakeSources
from fediversity.planning.load import Sources
from fediversity.planning.stack_plan import StackPlan
from fediversity.planning.steps import Plan
from fediversity.planning.systems import SystemFingerprints
from fediversity.project.origin import RolloutOrigin
from fediversity.project.project import Project

PROJECT = Path(__file__).parents[2]

DEV_SITE = RolloutOrigin("dev", identity=".fediversity/dev/identity", simulated=True)
PRODUCTION_SITE = RolloutOrigin("production", identity="~/.ssh/id_ed25519")
AGENT_SITE = RolloutOrigin("staging", flake="systems/nix")

_RECORDS = """
        {name: hub, type: A, machine: hub, ttl: 60},
        {name: legacy, type: A, machine: legacy},
        {name: parked, type: A, machine: parked},
        {name: fixed, type: A, values: [203.0.113.9, 203.0.113.10]},
        {name: fixed, type: AAAA, values: ["2001:db8::9"]},
        {name: git, type: CNAME, values: [hub.fleet.example.]},
        {name: "@", type: CAA, values: ['0 issue "letsencrypt.org"']},
        {name: "@", type: TXT, values: ["v=spf1 -all", 'a "quoted" \\ word']},
        {name: "@", type: MX, values: ["10 hub.fleet.example."]},
        {name: _imaps._tcp, type: SRV, values: ["0 1 993 hub.fleet.example."]},
        {name: sub, type: NS, values: [ns1.fleet.example.]}
"""

EVERY_KIND = """
version: 1
name: everything
domain: mesh
gcp: {project: everything-production}
deploying_machine: laptop
operators:
  operator:
    keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOperatorOperatorOperatorOperatorOperatorOp operator@laptop
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHardwareHardwareHardwareHardwareHardwareHa operator@token
machines:
  hub:
    description: Not encrypted, on the usual port.
    machineClass: nixos
    system: x86_64-linux
    tags: [server]
    provider:
      kind: hetzner
      server_type: cpx21
      location: ash
      image: debian-13
      backups: true
      placement_group: apart
      network: {name: inside, address: 10.8.1.2}
      volumes:
        data: {size_gb: 20, format: ext4}
        raw: {size_gb: 10}
      rdns: hub.fleet.example
      firewall:
        - {protocol: tcp, port: "443", description: HTTPS}
        - {protocol: udp, port: "8000-8010", sources: [203.0.113.0/24, "2001:db8::/32"]}
  vault:
    description: Encrypted, on ports of its own, to be installed over.
    machineClass: nixos
    system: x86_64-linux
    tags: [server, storage]
    provider:
      kind: gcp
      machine_type: e2-small
      zone: europe-west1-b
      firewall:
        - {protocol: tcp, port: "443", description: HTTPS}
        - {protocol: tcp, port: "9000", sources: [198.51.100.0/24], description: One office.}
    ssh: {port: 2200}
    disk: {encrypted: true, unlock_port: 2201}
    reinstall: "4711"
  legacy:
    description: Runs NixOS already; a person's login.
    machineClass: nixos
    system: aarch64-linux
    provider: {kind: existing, host: 203.0.113.7}
    ssh: {user: admin, port: 2022}
    after: ["tag:storage"]
  six:
    description: Has an IPv6 address only.
    machineClass: nixos
    system: x86_64-linux
    provider: {kind: existing, host: "2001:db8::6"}
  laptop:
    machineClass: darwin
    system: aarch64-darwin
    provider: {kind: darwin, host: laptop.mesh}
    ssh: {user: operator}
    mesh: zerotier-main
    may_be_offline: false
    checks:
      - {name: store, command: "test -e '/nix/store'", timeout: 30}
      - http: {port: 8080, path: /up}
      - {mesh: true}
      - {peer: hub}
  solo:
    description: A Mac outside the mesh.
    machineClass: darwin
    system: x86_64-darwin
    provider: {kind: darwin, host: solo.fleet.example}
    ssh: {user: operator}
    after: [six]
  parked:
    enabled: false
    machineClass: nixos
    system: aarch64-linux
    tags: [storage]
    provider: {kind: hetzner, server_type: cax11, location: hel1}
networks:
  inside: {zone: us-east, range: 10.8.0.0/16, subnet: 10.8.1.0/24}
instances:
  zerotier-main:
    module: zerotier
    roles:
      controller: {machines: [hub]}
      peer: {tags: [nixos]}
  doors:
    module: sshd
    roles:
      server: {tags: [nixos]}
dns:
  zones:
    fleet.example:
      provider: hetzner
      ttl: 600
      records: [RECORDS]
    fleet.org:
      provider: gcp
      description: The same at Google.
      records: [RECORDS]
buckets:
  everything-kept: {location: eu}
  everything-scratch: {location: europe-west1, keep_objects: false, versioning: false, storage_class: NEARLINE}
deployments:
  video:
    application: peertube
    machine: vault
    domain: video.fleet.example
    initial_user: {username: operator, display_name: Operator, email: operator@fleet.example}
    after: [legacy]
  photos:
    enabled: false
    application: pixelfed
    machine: hub
    domain: photos.fleet.example
    initial_user: {username: operator, display_name: Operator, email: operator@fleet.example}
""".replace("RECORDS", _RECORDS)
"""Every kind of machine and of everything else, each with settings that are not the usual ones."""

ONE_SERVER = """
version: 1
name: small
domain: mesh
operators:
  operator:
    keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOperatorOperatorOperatorOperatorOperatorOp operator@laptop]
machines:
  solo:
    machineClass: nixos
    system: x86_64-linux
    provider: {kind: hetzner, server_type: cx23, location: nbg1}
instances:
  doors: {module: sshd, roles: {server: {tags: [nixos]}}}
"""
"""The smallest fleet that creates something."""


@functools.cache
def dev_fleet() -> Fleet:
    """The fleet of the dev stack."""
    return load_fleet(PROJECT / "stacks" / "dev.yaml")


@functools.cache
def every_kind() -> Fleet:
    """A fleet that has something of every kind."""
    return parse_fleet(EVERY_KIND, "everything.yaml")


@functools.cache
def one_server() -> Fleet:
    """A fleet of one server at Hetzner."""
    return parse_fleet(ONE_SERVER, "small.yaml")


def unchecked(data: dict[str, Any]) -> Fleet:
    """A fleet that is valid field by field, without the checks of loading: impossible fleets included."""
    return Fleet.model_validate({"version": 1, "name": "fleet", "domain": "mesh", **data}, strict=False)


def server(**fields: Any) -> dict[str, Any]:
    """A server at Hetzner, as plain data."""
    provider = {"kind": "hetzner", "server_type": "cx23", "location": "nbg1"}
    return {"machineClass": "nixos", "system": "x86_64-linux", "provider": provider, **fields}


def mac(host: str, **fields: Any) -> dict[str, Any]:
    """A Mac, as plain data."""
    provider = {"kind": "darwin", "host": host}
    return {"machineClass": "darwin", "system": "aarch64-darwin", "provider": provider, **fields}


def plan_of(fleet: Fleet, site: RolloutOrigin = DEV_SITE, fingerprints: Mapping[str, str] | None = None) -> Plan:
    """The plan of a fleet whose machines have fingerprints made up from their names, unless given."""
    made_up = {name: f"fingerprint of {name}" for name in render(fleet)["machines"]}
    return make_plan(fleet, made_up | dict(fingerprints or {}), site)


def planned_of(fleet: Fleet, project: Project) -> StackPlan:
    """A stack whose plan has no steps."""
    return StackPlan(Sources(project, fleet, {}, FlakeSources({})), Plan(()), SystemFingerprints({}))
