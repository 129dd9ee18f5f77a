"""The table of DNS record types is complete, and everything that deals with record types reads it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import dns.rdata
import pytest

from fediversity.embedded_cloud.plugins.dns import values_problems
from fediversity.embedded_cloud.plugins.gcp import facts as google
from fediversity.embedded_cloud.plugins.hcloud import facts as hetzner
from fediversity.fleet.dns_types import RECORD_TYPES, RecordType, types_taken
from fediversity.fleet.load import parse_fleet
from fediversity.fleet.providers.registry import ZONE_SERVICES, ZoneProvider
from fediversity.fleet.schema import schema
from tests.fleet.good import GOOD, edited

PROJECT = Path(__file__).resolve().parents[2]
TABLE = "fediversity/fleet/dns_types.py"
REAL_TYPES = {"hetzner": hetzner.RECORD_TYPES, "gcp": google.RECORD_TYPES}
FACTS = {"fediversity/embedded_cloud/plugins/hcloud/facts.py", "fediversity/embedded_cloud/plugins/gcp/facts.py"}
"""What the real APIs take: the embedded cloud's own lists, which stand beside the table to compare with it."""

STANDARDS = {"fediversity/embedded_cloud/plugins/dns.py"}
"""How the embedded cloud checks values: it must not take the word of the fleet's own checks."""

SHA_256 = "0123456789abcdef" * 4


def every_type_named_in(file: Path) -> Iterator[tuple[int, set[str]]]:
    """The record types in each list, set, tuple, mapping or `Literal` of a file, with its line."""
    known = set(get_args(RecordType))
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.List | ast.Set | ast.Tuple | ast.Dict):
            items = node.keys if isinstance(node, ast.Dict) else node.elts
            texts = {str(item.value) for item in items if isinstance(item, ast.Constant)}
            yield node.lineno, texts & known


def test_every_type_has_a_rule_and_every_rule_a_type() -> None:
    assert set(RECORD_TYPES) == set(get_args(RecordType))


def test_nothing_else_lists_record_types() -> None:
    files = {str(path.relative_to(PROJECT)): path for path in (PROJECT / "fediversity").rglob("*.py")}
    assert any(named for _, named in every_type_named_in(files[TABLE])), "the scan finds the table itself"
    lists = [
        f"{name}:{line} lists {', '.join(sorted(named))}"
        for name, path in files.items()
        if name not in {TABLE, *FACTS, *STANDARDS}
        for line, named in every_type_named_in(path)
        if len(named) > 1
    ]
    assert not lists


@pytest.mark.parametrize("provider", ZONE_SERVICES)
def test_a_provider_s_real_api_takes_the_types_that_the_table_says_and_no_other_of_them(provider: ZoneProvider) -> None:
    assert set(types_taken(provider)) == set(RECORD_TYPES) & REAL_TYPES[provider]


@pytest.mark.parametrize("provider", ZONE_SERVICES)
def test_the_simulated_provider_takes_every_example_of_its_types(provider: ZoneProvider) -> None:
    for kind in set(types_taken(provider)) - {"TXT"}:
        values = [(kind, RECORD_TYPES[kind].canonical(example)) for example in RECORD_TYPES[kind].examples]
        assert not list(values_problems(kind, kind, values[:1], absolute=provider == "gcp", utf8=False))


def test_the_schema_offers_the_types_of_the_table() -> None:
    assert set(schema()["$defs"]["Record"]["properties"]["type"]["enum"]) == set(RECORD_TYPES)


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_the_docs_show_a_type_with_its_examples(kind: RecordType) -> None:
    lines = (PROJECT / "docs" / "fleet-file.md").read_text().splitlines()
    row = next((line for line in lines if line.startswith("|") and f"`{kind}`" in line.split("|")[1]), "")
    rule = RECORD_TYPES[kind]
    examples = (example.replace(SHA_256, "<hash>") for example in rule.examples)
    assert row, f"docs/fleet-file.md has no row for {kind}"
    assert all(f"`{example}`" in row for example in examples)
    assert rule.providers == ZONE_SERVICES.keys() or all(ZONE_SERVICES[name] in row for name in rule.providers)


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_a_type_takes_its_examples_and_refuses_nonsense(kind: RecordType) -> None:
    rule = RECORD_TYPES[kind]
    assert rule.examples
    for example in rule.examples:
        assert rule.wrong_value(example) is None
        assert rule.canonical(rule.canonical(example)) == rule.canonical(example)
    for nonsense in ("", "no, this is nothing", "1"):
        assert rule.is_text or rule.wrong_value(nonsense) is not None
    assert not list(rule.wrong_together(rule.examples[:1]))


@pytest.mark.parametrize("kind", [kind for kind, rule in RECORD_TYPES.items() if not rule.is_text])
def test_dnspython_reads_what_a_provider_is_given_and_means_the_same(kind: RecordType) -> None:
    rule = RECORD_TYPES[kind]
    for example in rule.examples:
        given, written = (
            dns.rdata.from_text("IN", kind, value, relativize=False) for value in (rule.canonical(example), example)
        )
        assert given == written


LEADING = [
    (kind, example, word)
    for kind, rule in RECORD_TYPES.items()
    for example in rule.examples
    for word in example.split()
    if word.endswith(".example.")
]
"""Types that lead to a name: an example, and the name in it."""


@pytest.mark.parametrize(("kind", "example", "name"), LEADING)
def test_a_type_that_leads_to_a_name_knows_it_and_refuses_one_that_is_incomplete(
    kind: RecordType, example: str, name: str
) -> None:
    rule = RECORD_TYPES[kind]
    assert rule.target(example) == name.removesuffix(".")
    wrong = rule.wrong_value(example.replace(name, name.removesuffix(".")))
    assert wrong is not None
    assert name in wrong[1]


@pytest.mark.parametrize(
    ("kind", "value", "given"),
    [
        ("TLSA", f"3 1 1 {SHA_256[:30].upper()} {SHA_256[30:].upper()}", f"3 1 1 {SHA_256}"),
        ("TLSA", "2 0 0 30820122", "2 0 0 30820122"),
        ("SSHFP", f"04 2 {SHA_256}", f"4 2 {SHA_256}"),
        ("DS", f"12345 8 2 {SHA_256[:8]} {SHA_256[8:]}", f"12345 8 2 {SHA_256}"),
        ("HTTPS", '1 . port=8443 alpn="h2,h3"', "1 . alpn=h2,h3 port=8443"),
        ("HTTPS", "1 . alpn=h2 no-default-alpn", "1 . alpn=h2 no-default-alpn"),
        ("HTTPS", "1 . ipv6hint=2001:DB8:0::7 ipv4hint=203.0.113.7", "1 . ipv4hint=203.0.113.7 ipv6hint=2001:db8::7"),
        ("HTTPS", "16 cdn.example. key65000=x", "16 cdn.example. key65000=x"),
        ("SVCB", '1 dns.example. alpn=h2 dohpath="/q{?dns}"', '1 dns.example. alpn=h2 dohpath="/q{?dns}"'),
        ("SVCB", "0 _8443._foo.example.", "0 _8443._foo.example."),
    ],
)
def test_a_provider_is_given_one_form_however_a_value_is_written(kind: RecordType, value: str, given: str) -> None:
    rule = RECORD_TYPES[kind]
    assert rule.wrong_value(value) is None
    assert rule.canonical(value) == given


@pytest.mark.parametrize("name", ["_25._tcp.mail", "_443._tcp", "*._tcp.mail", "_dane.mail"])
def test_certificates_stand_at_services_and_where_aliases_of_services_lead_to(name: str) -> None:
    assert RECORD_TYPES["TLSA"].wrong_owner(name) is None


def test_keys_of_a_delegated_zone_stand_beside_its_servers() -> None:
    """Beside a written NS record, and beside that of a zone of the fleet."""
    last = "        - {name: ns.lab, type: A, values: [203.0.113.53]}\n"
    keys = "".join(
        f"        - {{name: {name}, type: DS, values: [12345 13 2 {SHA_256}]}}\n" for name in ("lab", "kids")
    )
    assert parse_fleet(edited(last, last + keys), "fleet.yaml").dns.zones["garden.example"].records[-1].name == "kids"


def loads_dnspython(fleet: str, tmp_path: Path) -> bool:
    """Whether reading a fleet file loads dnspython."""
    (tmp_path / "fleet.yaml").write_text(fleet)
    program = (
        "import sys; from pathlib import Path; from fediversity.fleet.load import load_fleet;"
        f"load_fleet(Path({str(tmp_path / 'fleet.yaml')!r})); print('dns.rdata' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=PROJECT)
    return done.stdout == "True\n"


def test_dnspython_is_loaded_only_for_a_record_that_needs_it(tmp_path: Path) -> None:
    last = "        - {name: ns.lab, type: A, values: [203.0.113.53]}\n"
    record = "        - {name: '@', type: HTTPS, values: [1 . alpn=h2]}\n"
    assert not loads_dnspython(GOOD, tmp_path)
    assert loads_dnspython(edited(last, last + record), tmp_path)
