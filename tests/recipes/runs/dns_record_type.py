"""A DNS record type: the zones of the providers that take it may hold it, and it is declared there."""

import subprocess
import sys
from pathlib import Path

import pytest

from fediversity.cli.main import main
from fediversity.fleet.diagnostics import FleetError
from fediversity.fleet.load import parse_fleet
from fediversity.program.mock_pulumi import declared_resources
from fediversity.project.settings import parse_settings

FLEET = """
version: 1
name: little
domain: mesh
gcp: {project: little-project}
machines: {desk: {machineClass: darwin, system: aarch64-darwin, provider: {kind: darwin, host: desk.local},
  ssh: {user: operator}}}
dns: {zones: {fleet.example: {provider: PROVIDER, records: [{name: call, type: NAPTR, values: ['VALUE']}]}}}
"""
VALUE = '100 10 "u" "E2U+sip" "!^.*$!sip:info@fleet.example!" .'


def parsed(provider: str, value: str = VALUE) -> None:
    """Loads a fleet with a zone that holds the record, and declares it."""
    fleet = parse_fleet(FLEET.replace("PROVIDER", provider).replace("VALUE", value), "fleet.yaml")
    found = declared_resources(fleet, parse_settings("little", {"fleet": "fleet.yaml"}))
    [record] = [entry for entry in found if entry.inputs.get("type") == "NAPTR"]
    assert record.inputs["rrdatas"] == [value]


assert main(["schema", "--check"]) == 0
parsed("gcp")
for refused in (("hetzner", VALUE), ("gcp", "100 10 nothing")):
    with pytest.raises(FleetError, match="NAPTR"):
        parsed(*refused)

assert Path("tests/fleet/bad/dns_types.py").read_text().count("NAPTR")
command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
subprocess.run([*command, "tests/fleet/test_dns_types.py", "-k", "NAPTR or rule_a_type or schema"], check=True)
