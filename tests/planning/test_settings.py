"""The settings of a stack: what is taken, what is refused, and that everything wrong is said at once."""

from pathlib import Path
from typing import Any

import pytest

from fediversity.project.credential_sources import Source
from fediversity.project.settings import KNOWN_SETTINGS, SettingsError, parse_settings, require_plain_path, with_plugins

SIMULATED = {"hcloud": "local", "gcp": "local", "command": "local"}


def complaints(**given: Any) -> list[str]:
    """What is said about settings that cannot be used, line by line."""
    with pytest.raises(SettingsError) as refused:
        parse_settings("production", given)
    first, *lines = str(refused.value).splitlines()
    assert first == "Pulumi.production.yaml cannot be used; nothing was changed:"
    return [line.strip() for line in lines]


def test_a_stack_is_real_official_and_protected_unless_it_says_otherwise() -> None:
    settings = parse_settings("production", {"fleet": "stacks/production.yaml"})
    assert (settings.stack, settings.fleet_file) == ("production", "stacks/production.yaml")
    assert (settings.simulated, settings.protect) == (False, True)
    assert dict(settings.plugins) == {"hcloud": "official", "gcp": "official", "command": "official"}
    assert (settings.identity, settings.flake) == (None, "nix")


def test_a_stack_may_name_its_own_backend() -> None:
    assert parse_settings("production", {"fleet": "x"}).backend is None
    url = "s3://states?region=eu-central-1&endpoint=https://s3.example&s3ForcePathStyle=true"
    assert parse_settings("production", {"fleet": "x", "backend": url}).backend == url


def test_a_simulated_stack_logs_in_with_its_throwaway_key() -> None:
    given = {"fleet": "stacks/dev.yaml", "machines": "simulated", "plugins": SIMULATED, "identity": "keys/real"}
    site = parse_settings("dev", given).site
    assert (site.identity, site.simulated, site.state_dir) == (".fediversity/dev/identity", True, ".fediversity/dev")


def test_a_real_stack_logs_in_with_its_identity_or_leaves_it_to_the_person() -> None:
    assert parse_settings("production", {"fleet": "x", "identity": "~/.ssh/key"}).site.identity == "~/.ssh/key"
    assert parse_settings("production", {"fleet": "x"}).site.identity is None


def test_only_the_command_plug_in_may_be_official_in_a_simulated_stack() -> None:
    given = {"fleet": "x", "machines": "simulated", "plugins": SIMULATED | {"command": "official"}}
    assert parse_settings("dev", given).plugins["command"] == "official"


@pytest.mark.parametrize(("text", "protect"), [("true", True), ("false", False)])
def test_protection_is_switched_by_a_word(text: str, protect: bool) -> None:
    assert parse_settings("production", {"fleet": "x", "protect": text}).protect is protect


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "fediversity:fleet: is missing; write the fleet file's path, e.g. stacks/dev.yaml"),
        ({"fleet": ""}, "fediversity:fleet: is missing; write the fleet file's path, e.g. stacks/dev.yaml"),
        ({"fleet": "x", "machines": "fake"}, "fediversity:machines: 'fake' is neither real nor simulated"),
        ({"fleet": "x", "machines": {}}, "fediversity:machines: '{}' is neither real nor simulated"),
        ({"fleet": "x", "protect": "yes"}, "fediversity:protect: 'yes' is neither true nor false"),
        ({"fleet": "x", "plugins": "local"}, "fediversity:plugins: must name packages, e.g. `hcloud: official`"),
        (
            {"fleet": "x", "plugins": {"aws": "official"}},
            "fediversity:plugins.aws: unknown package; known: hcloud, gcp, command",
        ),
        (
            {"fleet": "x", "plugins": {"gcp": "remote"}},
            "fediversity:plugins.gcp: 'remote' is neither local nor official",
        ),
        (
            {"fleet": "x", "plugins": {"gcp": ["local"]}},
            "fediversity:plugins.gcp: '['local']' is neither local nor official",
        ),
        (
            {"fleet": "x", "plugins": {"hcloud": "local"}},
            "fediversity:plugins.hcloud: 'local' does not go with machines: real; "
            "`--plugins local` previews a real stack with simulated plug-ins",
        ),
        (
            {"fleet": "x", "machines": "simulated", "plugins": {"hcloud": "local", "gcp": "official"}},
            "fediversity:plugins.gcp: 'official' does not go with machines: simulated",
        ),
        (
            {"fleet": "x", "machines": "simulated", "plugins": SIMULATED | {"hcloud": "lokal"}},
            "fediversity:plugins.hcloud: 'lokal' is neither local nor official",
        ),
        ({"fleet": "x", "identity": ["a", "b"]}, "fediversity:identity: must be text"),
        ({"fleet": "x", "flake": {}}, "fediversity:flake: must be text"),
        (
            {"fleet": "x", "backend": "my-bucket"},
            "fediversity:backend: must be a URL that begins with one of file://, gs://, s3://, azblob://, https://",
        ),
        (
            {"fleet": "x", "backend": "postgres://me:word@db/state"},
            "fediversity:backend: must be a URL that begins with one of file://, gs://, s3://, azblob://, https://",
        ),
        (
            {"fleet": "x", "backend": "https://me:word@state.example"},
            "fediversity:backend: holds a credential, which would be committed; leave it to the environment",
        ),
        (
            {"fleet": "x", "backend": "s3://states?region=x&secret_key=word"},
            "fediversity:backend: holds a credential, which would be committed; leave it to the environment",
        ),
        ({"fleet": ["x"]}, "fediversity:fleet: must be text"),
        (
            {"fleet": "x", "identity": "my keys/a"},
            "fediversity:identity: the path 'my keys/a' cannot be used, because it holds ' '",
        ),
        (
            {"fleet": "x", "flake": "nix?dir=a"},
            "fediversity:flake: the path 'nix?dir=a' cannot be used, because it holds '?'",
        ),
        (
            {"fleet": "x", "identity": "~root/key"},
            "fediversity:identity: only your own home can be written as ~; write the path '~root/key' in full",
        ),
    ],
)
def test_what_cannot_be_used_is_said_once_with_its_name(given: dict[str, Any], said: str) -> None:
    assert complaints(**given) == [said]


def test_an_unknown_setting_is_refused_and_the_known_ones_are_named() -> None:
    (said,) = complaints(fleet="x", protected="true")
    assert said.startswith("fediversity:protected: unknown setting; known: ")
    assert all(name in said for name in KNOWN_SETTINGS)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = complaints(
        machines="fake", plugins={"aws": "local", "gcp": "maybe"}, protect="perhaps", identity=7, colour="red"
    )
    names = sorted(line.split(": ")[0].removeprefix("fediversity:") for line in said)
    assert names == ["colour", "fleet", "identity", "machines", "plugins.aws", "plugins.gcp", "protect"]


@pytest.mark.parametrize("character", [*" \t\n&?#%$'\"`\\", "\u00a0"], ids=ascii)
def test_a_path_that_options_targets_and_flake_references_cannot_carry_is_refused(character: str) -> None:
    with pytest.raises(SettingsError) as refused:
        require_plain_path(Path(f"/home/operator/my{character}fleet/checkout"))
    assert f"it holds {character!a}" in str(refused.value)
    assert "nothing was changed" in str(refused.value)
    assert "fix: move the checkout" in str(refused.value)


@pytest.mark.parametrize("path", ["/", "/home/operator/fleet-2_a.b+c@d~e,f=g(h)", "/home/gärtner/flotte"])
def test_a_plain_path_may_hold_anything_else(path: str) -> None:
    require_plain_path(Path(path))


def test_credentials_are_looked_for_in_the_stack_then_in_the_environment_unless_it_says_where() -> None:
    settings = parse_settings("production", {"fleet": "x", "credentials": {"hcloud": "clan:hetzner/token"}})
    assert settings.credentials["hcloud"] == (Source("clan", "hetzner/token"),)
    assert settings.credentials["gcp"] == (Source("config"), Source("env"))


@pytest.mark.parametrize("text", ["clan:", "clan:--flake", "vault:x", "", 7, {"a": "b"}, "a-token-pasted-by-mistake"])
def test_a_place_for_credentials_that_is_none_is_refused_and_never_repeated(text: Any) -> None:
    (said,) = complaints(fleet="x", credentials={"hcloud": text})
    assert said.startswith("fediversity:credentials.hcloud: is no place to look at")
    assert "pasted" not in said


def test_credentials_of_unknown_clouds_are_refused_by_name() -> None:
    assert complaints(fleet="x", credentials={"aws": "env"}) == [
        "fediversity:credentials.aws: unknown package; known: hcloud, gcp"
    ]
    assert complaints(fleet="x", credentials="env")[0].startswith("fediversity:credentials: must name packages")


def test_end_points_are_part_of_the_settings_and_checked_with_them() -> None:
    url = "http://127.0.0.1:8081/v1"
    assert parse_settings("production", {"fleet": "x", "endpoints": {"hcloud": url}}).endpoints.url("hcloud") == url
    (said,) = complaints(fleet="x", endpoints={"hcloud": "http://api.example"})
    assert said.startswith("fediversity:endpoints.hcloud: http:// is for this computer only")


@pytest.mark.parametrize("name", ["credentials", "endpoints"])
def test_a_simulated_stack_has_no_cloud_to_ask(name: str) -> None:
    given = {"credentials": {"hcloud": "env"}, "endpoints": {"hcloud": "https://api.example"}}[name]
    (said,) = complaints(fleet="x", machines="simulated", plugins=SIMULATED, **{name: given})
    assert said == f"fediversity:{name}: a simulated stack asks no cloud; leave it out"


def test_a_real_stack_can_be_previewed_with_simulated_plug_ins_and_no_more() -> None:
    real = parse_settings("production", {"fleet": "x"})
    settings = with_plugins(real, "local")
    assert dict(settings.plugins) == SIMULATED
    assert (settings.preview_only, settings.simulated, real.preview_only) == (True, False, False)


def test_plug_ins_that_a_stack_has_anyway_change_nothing() -> None:
    real = parse_settings("production", {"fleet": "x"})
    simulated = parse_settings("dev", {"fleet": "x", "machines": "simulated", "plugins": SIMULATED})
    assert with_plugins(real, "official") is real
    assert with_plugins(real, None) is real
    assert with_plugins(simulated, "local") is simulated


def test_a_simulated_stack_never_gets_official_plug_ins() -> None:
    simulated = parse_settings("dev", {"fleet": "x", "machines": "simulated", "plugins": SIMULATED})
    with pytest.raises(SettingsError, match="the stack dev is simulated; nothing was changed"):
        with_plugins(simulated, "official")
    with pytest.raises(SettingsError, match="there are local ones"):
        with_plugins(simulated, "remote")


def test_a_simulated_machine_answers_on_another_port_than_22_and_a_real_one_on_its_own() -> None:
    simulated = parse_settings("dev", {"fleet": "x", "machines": "simulated", "plugins": SIMULATED}).site
    real = parse_settings("production", {"fleet": "x"}).site
    assert (simulated.port(22), simulated.port(2200)) == (2222, 2200)
    assert (real.port(22), real.port(2200)) == (22, 2200)
