"""A fleet with everything that Google Cloud can be asked for."""

import functools

from fediversity.fleet.load import parse_fleet
from fediversity.fleet.model import Fleet

_TEXT = """
version: 1
name: orbit
domain: mesh
gcp:
  project: orbit-production
  keys:
    media: {location: eu}
    backups: {location: eu, rotation_days: 30}
    logs: {location: europe-west1}
operators:
  operator:
    keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOperatorOperatorOperatorOperatorOperatorOp operator@laptop]
machines:
  plain:
    machineClass: nixos
    system: x86_64-linux
    provider: {kind: gcp, machine_type: e2-small, zone: europe-west1-b}
  rich:
    enabled: RICH
    description: A GPU, disks, roles and a prepared image.
    machineClass: nixos
    system: x86_64-linux
    tags: [gpu]
    provider:
      kind: gcp
      machine_type: n1-standard-8
      zone: europe-west1-b
      image: gs://orbit-images/nixos/gpu-1.tar.gz
      disk_gb: 50
      disk_type: pd-ssd
      disks:
        models: {size_gb: 200}
        scratch: {size_gb: 100, type: pd-standard}
      accelerator: {type: nvidia-tesla-t4, count: 2}
      roles: [roles/storage.objectViewer, roles/logging.logWriter]
      firewall:
        - {protocol: tcp, port: "443", description: HTTPS}
  graphics:
    enabled: RICH
    machineClass: nixos
    system: x86_64-linux
    provider: {kind: gcp, machine_type: g2-standard-4, zone: europe-west4-a, fallback_zones: [europe-west4-b]}
    disk: {encrypted: true}
instances:
  doors:
    module: sshd
    roles:
      server: {tags: [nixos]}
buckets:
  orbit-media: {location: eu, key: media}
  orbit-logs: {location: europe-west1, key: logs, storage_class: NEARLINE}
  orbit-plain: {location: us}
"""


@functools.cache
def google_fleet(*, rich: bool = True) -> Fleet:
    """The fleet, with its machines that have GPUs switched on or off."""
    return parse_fleet(_TEXT.replace("RICH", "true" if rich else "false"), "fleet.yaml")
