"""Texts that are no fleet files because of their YAML, with the one problem that must be reported."""

from dataclasses import dataclass

from tests.fleet.good import edited, line_of


@dataclass(frozen=True)
class Nasty:
    """A text that is no fleet file, the line and field of the one problem it has, and words of that problem."""

    name: str
    text: str
    line: int
    field: str
    what: str
    fix: str


def at(old: str, new: str, marker: str, field: str, what: str, fix: str, *, name: str) -> Nasty:
    """The good file with one place made nasty."""
    text = edited(old, new)
    return Nasty(name, text, line_of(marker, text), field, what, fix)


WHOLE_FILES = (
    Nasty("empty", "", 0, "", "the file is empty", "start with `version: 1`"),
    Nasty("comments only", "# a fleet\n\n# to come\n", 0, "", "the file is empty", "start with"),
    Nasty("a list", "- version: 1\n- name: garden\n", 1, "", "not a group of `key: value` lines", "start with"),
    Nasty("a text", "\n\ngarden\n", 3, "", "not a group of `key: value` lines", "start with"),
    Nasty("a number", "42\n", 1, "", "not a group of `key: value` lines", "start with"),
    Nasty("a list below its comment", "# machines\n- oak\n", 2, "", "not a group of", "start with"),
    Nasty("nothing but an alias", "*fleet\n", 1, "", "undefined alias", "put the value in quotes"),
    Nasty("unclosed bracket", "version: 1\nmachines: {oak: {", 3, "", "not valid YAML", "quotes"),
    Nasty("a control character", "version: 1\nname: 'ä'\ndomain: a\x07b\n", 3, "", "control characters", "remove"),
    Nasty("a null character", "\0", 1, "", "control characters", "remove the character"),
    Nasty("half a surrogate", "version: '\ud800'", 0, "", "not valid YAML", "check"),
    Nasty("nesting of lists", "a:\n" + " [\n" * 100_000, 41, "", "nested too deeply", "keep it to 40 levels"),
    Nasty("nesting of groups", "{a: " * 5_000 + "}" * 5_000, 1, "", "nested too deeply", "keep it to 40 levels"),
)

PLACES = (
    at(
        "    system: aarch64-linux",
        "\tsystem: aarch64-linux",
        "\tsystem",
        "",
        "not valid YAML: a tab stands in the indentation",
        "indent with spaces",
        name="tab",
    ),
    at(
        "    tags: [spare]\n",
        "    tags: [spare]\n    tags: [other]\n",
        "[other]",
        "machines.yew.tags",
        "given twice (first on line 49)",
        "keep one of the two",
        name="duplicate key",
    ),
    at(
        "  yew:\n",
        "  ash:\n",
        "ash:\n    enabled",
        "machines.ash",
        "given twice (first on line 40)",
        "keep one of the two",
        name="duplicate machine",
    ),
    at(
        "domain: mesh\n",
        "domain: mesh\nname: other\n",
        "name: other",
        "name",
        "given twice (first on line 2)",
        "keep one of the two",
        name="duplicate key at the top",
    ),
    at(
        "tags: [spare]",
        "tags: [spare",
        "    provider:\n      kind: hetzner\n      server_type: cpx21",
        "",
        "not valid YAML: did not find expected ',' or ']'",
        "check the indentation and the quotes",
        name="unclosed list",
    ),
    at(
        "values: [anything]",
        "values: *anything",
        "values: *anything",
        "",
        "undefined alias",
        "put the value in quotes: '*' means something in YAML",
        name="alias of nothing",
    ),
    at(
        "name: '*.apps'",
        "name: @",
        "name: @",
        "",
        "cannot start any token",
        "put the value in quotes: '@', '`' and '%' mean something in YAML",
        name="unquoted at sign",
    ),
    at(
        "name: garden\n",
        "name: garden: two\n",
        "garden: two",
        "",
        "mapping values are not allowed",
        "put a value with ': ' in it in quotes",
        name="unquoted colon",
    ),
    at(
        "machines: [oak, ash]\n        settings",
        "machines: &who [oak, ash]\n        tags: *who\n        settings",
        "tags: *who",
        "instances.people.roles.default.tags",
        "an alias (`*name`) is used",
        "write the value out where it is needed",
        name="alias",
    ),
    at(
        "settings: {user: gardener, prompt: false}",
        "settings: &self {user: gardener, prompt: false, groups: *self}",
        "*self",
        "instances.people.roles.default.settings.groups",
        "an alias (`*name`) is used",
        "write the value out where it is needed",
        name="alias of itself",
    ),
    at(
        "    ssh: {user: root, port: 2222}\n",
        "    <<: {ssh: {user: root}}\n",
        "<<",
        "machines.oak",
        "a merge (`<<`) is used",
        "write the keys out",
        name="merge",
    ),
    at(
        "tags: [spare]",
        "tags: !!python/object/apply:os.system ['exit 1']",
        "!!python",
        "machines.yew.tags",
        "the YAML tag '!!python/object/apply:os.system' is used",
        "write a plain value, without a tag",
        name="Python object",
    ),
    at(
        "image: debian-12",
        "image: !image debian-12",
        "!image",
        "machines.oak.provider.image",
        "the YAML tag '!image' is used",
        "without a tag",
        name="tag of its own",
    ),
    at(
        "image: debian-12",
        "image: !!binary aGVsbG8=",
        "!!binary",
        "machines.oak.provider.image",
        "the YAML tag '!!binary' is used",
        "without a tag",
        name="binary value",
    ),
    at(
        "  roots:\n    module",
        "  roots: !mesh\n    module",
        "!mesh",
        "instances.roots",
        "the YAML tag '!mesh' is used",
        "without a tag",
        name="tag of a group",
    ),
    at(
        "prompt: false",
        "prompt: !!bool maybe",
        "maybe",
        "instances.people.roles.default.settings.prompt",
        "'maybe' would be read as true or false",
        "write true or false",
        name="bool that is none",
    ),
    at(
        "port: 2222}",
        "port: !!int ''}",
        "!!int",
        "machines.oak.ssh.port",
        "'' is not a plain decimal number",
        "write digits only",
        name="number that is none",
    ),
    at(
        "port: 2222}",
        "port: 22:22}",
        "22:22",
        "machines.oak.ssh.port",
        "'22:22' is not a plain decimal number",
        "put text in quotes",
        name="number to the base of 60",
    ),
    at(
        "port: 2222}",
        "port: 0x8AE}",
        "0x8AE",
        "machines.oak.ssh.port",
        "'0x8AE' is not a plain decimal number",
        "write digits only",
        name="hexadecimal number",
    ),
    at(
        "disk_gb: 30",
        "disk_gb: -.inf",
        "-.inf",
        "machines.elm.provider.disk_gb",
        "'-.inf' is not a plain decimal number",
        "write a decimal number",
        name="infinity",
    ),
    at(
        "  moss:\n",
        "  [moss, fern]:\n",
        "[moss, fern]",
        "machines",
        "a key that is not plain text",
        "write `name: value` lines only",
        name="list as a key",
    ),
    at(
        "name: garden\n",
        "name: garden\n---\nname: other\n",
        "---",
        "",
        "another document",
        "keep one document",
        name="second document",
    ),
    at(
        "instances:\n",
        "instances:\n  ~: {module: sshd, roles: {server: {tags: [nixos]}}}\n",
        "~:",
        "instances.~",
        "'~' is not a host name",
        "RFC 1123",
        name="null as a key",
    ),
)
