"""The policy pack: the rules of `fediversity.policy`, as Pulumi asks for them (docs/policy.md)."""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from pack import policies  # noqa: E402 (the project is found by the line above)
from pulumi_policy import EnforcementLevel, PolicyPack  # noqa: E402

PolicyPack("fediversity", policies(PROJECT, os.environ["PULUMI_STACK"]), EnforcementLevel.MANDATORY)
