"""The walks that add a line to a table: a DNS record type, a health check, a command."""

from tests.recipes.edits import after, both, new_files, replaced
from tests.recipes.walk import Walk

_NAPTR = '100 10 "u" "E2U+sip" "!^.*$!sip:info@fleet.example!" .'
_NAPTR_RULE = f"""    "NAPTR": RecordRule(
        wrong_value=rdata.readable("NAPTR", {_NAPTR!r}),
        canonical=rdata.normalised("NAPTR"),
        examples=({_NAPTR!r},),
        wrong_owner=owners.any_owner,
        providers=frozenset({{"gcp"}}),
    ),
"""
_BAD_NAPTR = """BAD_NAPTR = at_google(
    "a NAPTR record of one word",
    "{name: call, type: NAPTR, values: [nothing]}",
    at="nothing",
    field=".values[0]",
    what="'nothing' is not an NAPTR record",
    fix="write it like",
)
"""

DNS_RECORD_TYPE = Walk(
    run="dns_record_type",
    generate=(("schema",),),
    edits={
        "fediversity/fleet/dns_types.py": both(
            replaced('"MX", "NS", ', '"MX", "NAPTR", "NS", '),
            replaced('    "NS": RecordRule(', f'{_NAPTR_RULE}    "NS": RecordRule('),
        ),
        "tests/fleet/bad/dns_types.py": lambda text: f"{text}\n\n{_BAD_NAPTR}",
        "docs/fleet-file.md": after(
            "| `NS` | `ns.elsewhere.example.`: other servers answer for this part of the zone |",
            f"| `NAPTR` | `{_NAPTR}`. Google's Cloud DNS only |",
        ),
    },
)

_UNIT_CLASS = '''class UnitCheck(NamedTuple):
    """A `unit` of systemd that must be active."""

    name: str
    unit: str
    timeout: float = USUAL_TIMEOUT


class PeerCheck('''
_UNIT_READER = """def _unit(entry: _Entry) -> UnitCheck:
    unit = entry.text("unit")
    return UnitCheck(entry.name(unit), unit, entry.timeout)


def _peer("""
_UNIT_QUESTION = """def _unit_problem(check: UnitCheck, target: Target) -> str | None:
    answer = target.run_line(f"systemctl is-active {check.unit}", seconds=_COMMAND_SECONDS)
    return None if answer.ok else f"{check.name} is not active"


def _mesh_problem("""

_UNIT_CASE = """        case UnitCheck():
            return _unit_problem(check, target)
        case _:
"""

HEALTH_CHECK = Walk(
    run="health_check",
    generate=(("schema",),),
    edits={
        "fediversity/fleet/health_checks.py": both(
            replaced("class PeerCheck(", _UNIT_CLASS),
            replaced("| TcpCheck | MeshCheck\n", "| TcpCheck | MeshCheck | UnitCheck\n"),
            replaced("def _peer(", _UNIT_READER),
            after('"mesh": _mesh,', '"unit": _unit,'),
        ),
        "fediversity/fleet/health.py": after(
            '"""The machine\'s own ZeroTier must be connected to its network."""',
            "unit: Line | None = None",
            '"""A unit of systemd that must be active."""',
        ),
        "fediversity/steps/observe/health_checks.py": both(
            replaced("MeshCheck, TcpCheck\n", "MeshCheck, TcpCheck, UnitCheck\n"),
            replaced(
                "        case _:\n",
                "        case UnitCheck():\n            return _unit_problem(check, target)\n        case _:\n",
            ),
            replaced("def _mesh_problem(", _UNIT_QUESTION),
        ),
        "tests/planning/test_health_checks.py": both(
            replaced("    TcpCheck,\n", "    TcpCheck,\n    UnitCheck,\n"),
            after(
                '"mesh": ({"mesh": True}, MeshCheck("the mesh")),',
                '"unit": ({"unit": "nginx.service"}, UnitCheck("nginx.service", "nginx.service")),',
            ),
        ),
        "docs/fleet-file.md": after(
            "| `mesh: true` | the machine's ZeroTier must be connected to a network |",
            "| `unit: NAME` | a unit of systemd on the machine must be active |",
        ),
    },
)

COMMAND = Walk(
    run="command",
    names={"command": "names"},
    edits={
        **new_files("command"),
        "fediversity/cli/commands.py": after(
            '"plan": "print the steps of a rollout and their order",',
            '"names": "print the names of the machines of a fleet",',
        ),
        "docs/operating.md": after(
            "| `plan STACK` | prints the steps of a rollout and their order | no | nothing |",
            "| `names STACK` | prints the names of the machines | no | nothing |",
        ),
    },
)
