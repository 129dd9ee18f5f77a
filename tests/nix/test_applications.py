"""Requests for applications, evaluated: what each part of a request changes on its machine, and what it must not.

nixpkgs itself is not there; the options that the flake sets are declared with nixpkgs' names and types instead
(`service_options.nix`). That the services work with them cannot be seen here.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.nix.evaluation import FLAKE, evaluate
from tests.nix.requests import MAIL, SECRET, STORAGE, flake_with, request

EXPRESSION = Path(__file__).parent / "applications.nix"
SCHEMA = FLAKE / "deployment.schema.json"

NAMES = {"mastodon": "social", "peertube": "video", "pixelfed": "pictures"}
APPLICATIONS = sorted(NAMES)
SERVER_OF = {"mastodon": "postgresql", "peertube": "postgresql", "pixelfed": "mysql"}
MAIN_UNIT = {"mastodon": "mastodon-web", "peertube": "peertube", "pixelfed": "phpfpm-pixelfed"}
TLS_FROM_THE_START: dict[str, tuple[tuple[str, ...], object]] = {
    "mastodon": (("extraConfig", "SMTP_TLS"), "true"),
    "peertube": (("settings", "smtp", "tls"), True),
    "pixelfed": (("settings", "MAIL_ENCRYPTION"), "ssl"),
}
"""How each application is told that its relay, at port 465, speaks TLS from the start."""
OWN_SECRETS = {"mastodon": set(), "peertube": {"secret"}, "pixelfed": {"app-key"}}

Evaluated = Mapping[str, Any]


def _variants(application: str) -> dict[str, dict[str, Any]]:
    def one(**changed: object) -> dict[str, Any]:
        return {"requests": {NAMES[application]: request(application, **changed)}}

    return {
        "plain": one(),
        "medium": one(size="medium"),
        "large": one(size="large"),
        "elsewhere": one(domain="other.example"),
        "stored": one(storage=STORAGE),
        "mailing": one(mail=MAIL),
        "anonymous": one(mail=MAIL | {"user": None, "port": 465}),
        "disabled": one(enable=False, storage=STORAGE, mail=MAIL),
        "removed": one(enable=False, removeData=True),
    }


ALL_THREE = {NAMES[application]: request(application) for application in APPLICATIONS}
FLEET = {"social": request("mastodon"), "faraway": request("peertube", machine="cinnabar")}
SCENARIOS: dict[str, dict[str, Any]] = {
    **{f"{name}-{variant}": s for name in APPLICATIONS for variant, s in _variants(name).items()},
    "fleet": {},
    "none": {"requests": {}},
    "all": {"requests": ALL_THREE},
    "two": {"requests": {"social": request("mastodon"), "again": request("mastodon", enable=False)}},
    "stray": {"requests": {"social": request("mastodon", machine="cinnabar")}},
    "hasty": {"requests": {"social": request("mastodon", removeData=True)}},
    "hyphen": {
        "requests": {
            "social": request("mastodon") | {"initialUser": request("mastodon")["initialUser"] | {"username": "a-b"}}
        }
    },
}


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = {"scenarios": SCENARIOS, "generators": [*NAMES.values()]}
    return flake_with(tmp_path_factory.mktemp("applications"), FLEET, **asked)


@pytest.fixture(scope="module")
def machines(flake: Path) -> Evaluated:
    """Every scenario's machine, by one evaluation."""
    machines: Evaluated = evaluate("applications", flake, EXPRESSION)
    return machines


def units_of(machine: Evaluated, application: str) -> set[str]:
    """The units that run an application, or do something for its deployment."""
    name = NAMES[application]
    return {unit for unit in machine["units"] if application in unit or unit.startswith(f"fediversity-{name}-")}


def environment_file(machine: Evaluated, application: str) -> dict[str, str]:
    """The variables of a deployment's environment file, each with the file that holds its value."""
    unit = machine["units"].get(f"fediversity-{NAMES[application]}-environment")
    return dict(entry.split(":", 1) for entry in unit["serviceConfig"]["LoadCredential"]) if unit else {}


def web_ports(machine: Evaluated) -> set[int]:
    """The ports for browsers that are open; the mesh has one as well."""
    return {80, 443} & set(machine["ports"])


def initial_user(machine: Evaluated, application: str) -> Evaluated:
    unit: Evaluated = machine["units"][f"fediversity-{NAMES[application]}-initial-user"]
    return unit


def test_a_machine_has_a_file_for_each_application_that_runs_there_with_what_was_asked_for(
    machines: Evaluated,
) -> None:
    found = {name.rpartition("/")[2]: json.loads(text) for name, text in machines["all"]["deployed"].items()}

    assert found == {f"{name}.json": asked for name, asked in ALL_THREE.items()}
    for application in APPLICATIONS:
        assert machines[f"{application}-disabled"]["deployed"] == {}


# What can be asked for


def _of_schema(schema: Mapping[str, Any], definition: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of an object in a JSON Schema, in the form in which the options are described."""
    found = {}
    for name, stated in definition["properties"].items():
        alternatives = stated.get("anyOf", [stated])
        nullable = any(each.get("type") == "null" for each in alternatives)
        kind = next(each for each in alternatives if each.get("type") != "null")
        kind = schema["$defs"][kind["$ref"].removeprefix("#/$defs/")] if "$ref" in kind else kind
        found[name] = {
            "type": kind["type"],
            "nullable": nullable,
            "required": name in definition.get("required", []),
            "default": stated.get("default"),
            "enum": kind.get("enum", []),
            "properties": _of_schema(schema, kind) if kind["type"] == "object" else {},
        }
    return found


def _without_descriptions(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {key: value for key, value in option.items() if key not in {"description", "properties"}}
        | {"properties": _without_descriptions(option["properties"])}
        for name, option in properties.items()
    }


def _descriptions(properties: Mapping[str, Any]) -> list[str]:
    return [
        text for option in properties.values() for text in (option["description"], *_descriptions(option["properties"]))
    ]


@pytest.mark.skipif(not SCHEMA.is_file(), reason="the requests' JSON Schema is not there")
def test_the_options_of_a_request_are_those_of_its_json_schema(flake: Path) -> None:
    schema = json.loads(SCHEMA.read_text())
    assert _without_descriptions(evaluate("request", flake, EXPRESSION)) == _of_schema(schema, schema)


def test_every_option_of_a_request_is_described(flake: Path) -> None:
    descriptions = _descriptions(evaluate("request", flake, EXPRESSION))
    assert len(descriptions) == 19
    assert all(descriptions)


# What runs on the machine


def test_a_machine_s_own_configuration_has_the_applications_that_the_fleet_names_for_it(machines: Evaluated) -> None:
    assert machines["fleet"]["deployments"] == {"social": FLEET["social"]}
    assert machines["fleet"]["system"] == machines["mastodon-plain"]["system"]


def test_the_machine_without_deployments_is_the_same_whatever_is_asked_for(machines: Evaluated) -> None:
    assert {machine["withoutDeployments"] for machine in machines.values()} == {machines["none"]["system"]}
    assert machines["fleet"]["system"] != machines["none"]["system"]


def test_every_kind_of_request_makes_a_system_of_its_own(machines: Evaluated) -> None:
    names = [f"{name}-{variant}" for name in APPLICATIONS for variant in _variants(name)]
    assert len({machines[name]["system"] for name in [*names, "all", "none"]}) == len(names) + 2


def test_no_valid_request_fails_an_assertion(machines: Evaluated) -> None:
    refused = {"two", "stray", "hasty", "hyphen"}
    assert {name: m["assertions"] for name, m in machines.items() if name not in refused and m["assertions"]} == {}


def test_a_machine_without_requests_runs_no_application_and_opens_no_port(machines: Evaluated) -> None:
    machine = machines["none"]
    assert {name for name, service in machine["services"].items() if service is not None} == set()
    assert web_ports(machine) == set()
    assert machine["generators"] == {}
    assert [unit for unit in machine["units"] if "fediversity" in unit] == []


def test_different_applications_share_a_machine(machines: Evaluated) -> None:
    machine = machines["all"]
    for application in APPLICATIONS:
        alone = machines[f"{application}-plain"]
        assert units_of(machine, application) == units_of(alone, application)
        assert machine["services"][application] == alone["services"][application]
    assert set(machine["services"]["nginx"]["virtualHosts"]) == {ALL_THREE[name]["domain"] for name in ALL_THREE}


@pytest.mark.parametrize("application", APPLICATIONS)
def test_an_application_is_reached_at_its_domain_by_https_alone(machines: Evaluated, application: str) -> None:
    machine = machines[f"{application}-elsewhere"]
    hosts = machine["services"]["nginx"]["virtualHosts"]
    assert set(hosts) == {"other.example"}
    if application != "mastodon":  # whose module in nixpkgs asks for the certificate itself
        assert (hosts["other.example"]["enableACME"], hosts["other.example"]["forceSSL"]) == (True, True)
    assert set(machine["ports"]) - set(machines["none"]["ports"]) == web_ports(machine) == {80, 443}
    assert machine["acme"]["acceptTerms"] is True
    assert machine["acme"]["defaults"]["email"] == "operator@social.example"
    service = machine["services"][application]
    assert service["domain" if application == "pixelfed" else "localDomain"] == "other.example"


def test_size_says_how_many_work(machines: Evaluated) -> None:
    def numbers(application: str, *path: str) -> list[int]:
        found = []
        for size in ("plain", "medium", "large"):
            value = machines[f"{application}-{size}"]["services"][application]
            for key in path:
                value = value[key]
            found.append(value)
        return found

    assert numbers("mastodon", "webProcesses") == [1, 2, 4]
    assert numbers("mastodon", "sidekiqThreads") == [5, 25, 50]
    assert numbers("mastodon", "streamingProcesses") == [1, 1, 2]
    assert numbers("peertube", "settings", "transcoding", "concurrency") == [1, 2, 4]
    assert numbers("peertube", "settings", "transcoding", "threads") == [1, 2, 4]
    assert numbers("peertube", "settings", "database", "pool", "max") == [5, 10, 20]
    assert numbers("pixelfed", "poolConfig", "pm.max_children") == [8, 32, 128]
    assert numbers("pixelfed", "settings", "HORIZON_MAX_PROCESSES") == [4, 12, 40]


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_larger_application_may_take_more_memory(machines: Evaluated, application: str) -> None:
    units = [
        machines[f"{application}-{size}"]["units"][MAIN_UNIT[application]] for size in ("plain", "medium", "large")
    ]
    limits = [int(unit["serviceConfig"]["MemoryHigh"].removesuffix("G")) for unit in units]
    assert limits == sorted(set(limits))


def test_the_database_takes_all_connections_that_the_largest_applications_open(machines: Evaluated) -> None:
    mastodon = machines["mastodon-large"]["services"]["mastodon"]
    web = mastodon["webProcesses"] * mastodon["webThreads"]
    streaming = 10 * mastodon["streamingProcesses"]
    peertube = machines["peertube-large"]["services"]["peertube"]["settings"]["database"]["pool"]["max"]
    opened = web + mastodon["sidekiqThreads"] + streaming + peertube
    assert opened < machines["all"]["services"]["postgresql"]["settings"]["max_connections"]


# Storage and mail


def test_uploads_go_to_the_bucket_that_a_request_names(machines: Evaluated) -> None:
    public = "https://uploads.s3.social.example"
    mastodon = machines["mastodon-stored"]["services"]["mastodon"]["extraConfig"]
    assert mastodon["S3_ENABLED"] == "true"
    assert mastodon["S3_ENDPOINT"] == "https://s3.social.example"
    assert (mastodon["S3_BUCKET"], mastodon["S3_REGION"]) == ("uploads", "garage")
    assert f"https://{mastodon['S3_ALIAS_HOST']}" == public

    peertube = machines["peertube-stored"]["services"]["peertube"]["settings"]["object_storage"]
    assert (peertube["enabled"], peertube["endpoint"]) == (True, "https://s3.social.example")
    folders = [value for value in peertube.values() if isinstance(value, dict) and "bucket_name" in value]
    assert {folder["bucket_name"] for folder in folders} == {"uploads"}
    assert len({folder["prefix"] for folder in folders}) == len(folders) == 5, "one bucket: the prefixes must differ"
    assert {folder["base_url"] for folder in folders} == {public}

    pixelfed = machines["pixelfed-stored"]["services"]["pixelfed"]["settings"]
    assert pixelfed["PF_ENABLE_CLOUD"] is True
    assert (pixelfed["AWS_ENDPOINT"], pixelfed["AWS_URL"]) == ("https://s3.social.example", public)
    assert (pixelfed["AWS_BUCKET"], pixelfed["AWS_DEFAULT_REGION"]) == ("uploads", "garage")


@pytest.mark.parametrize("application", APPLICATIONS)
def test_the_key_of_the_bucket_comes_by_an_environment_file(machines: Evaluated, application: str) -> None:
    machine, name = machines[f"{application}-stored"], NAMES[application]
    files = machine["generators"][f"{name}-s3"]["files"]
    variables = environment_file(machine, application)
    assert variables["AWS_ACCESS_KEY_ID"] == files["access-key-id"]["path"]
    assert variables["AWS_SECRET_ACCESS_KEY"] == files["secret-access-key"]["path"]
    unit = f"fediversity-{name}-environment.service"
    assert unit in machine["units"][MAIN_UNIT[application]]["requires"]
    assert unit in machine["units"][MAIN_UNIT[application]]["after"]
    assert files["access-key-id"]["restartUnits"] == [unit]
    path = f"/run/fediversity-{name}/environment"
    service = machine["services"][application]
    assert path in (
        service.get("extraEnvFiles") or [service.get("serviceEnvironmentFile") or service.get("secretFile")]
    )


@pytest.mark.parametrize("application", APPLICATIONS)
def test_without_storage_uploads_stay_on_the_machine(machines: Evaluated, application: str) -> None:
    machine = machines[f"{application}-plain"]
    assert f"{NAMES[application]}-s3" not in machine["generators"]
    assert not [name for name in environment_file(machine, application) if name.startswith("AWS_")]
    service = json.dumps(machine["services"][application])
    assert "S3" not in service
    assert "s3" not in service
    assert "object_storage" not in service


def test_mail_goes_to_the_relay_that_a_request_names(machines: Evaluated) -> None:
    mastodon = machines["mastodon-mailing"]["services"]["mastodon"]["smtp"]
    assert (mastodon["host"], mastodon["port"], mastodon["user"]) == ("mail.social.example", 587, "social")
    assert mastodon["fromAddress"] == "social@social.example"
    assert mastodon["authenticate"] is True
    assert mastodon["createLocally"] is False

    peertube = machines["peertube-mailing"]["services"]["peertube"]["settings"]["smtp"]
    assert (peertube["hostname"], peertube["port"], peertube["username"]) == ("mail.social.example", 587, "social")
    assert (peertube["from_address"], peertube["tls"]) == ("social@social.example", False)

    pixelfed = machines["pixelfed-mailing"]["services"]["pixelfed"]["settings"]
    assert (pixelfed["MAIL_HOST"], pixelfed["MAIL_PORT"]) == ("mail.social.example", 587)
    assert (pixelfed["MAIL_USERNAME"], pixelfed["MAIL_ENCRYPTION"]) == ("social", "tls")
    assert pixelfed["MAIL_FROM_ADDRESS"] == "social@social.example"


def test_the_relay_s_password_is_read_by_whoever_needs_it(machines: Evaluated) -> None:
    def password(application: str) -> Evaluated:
        files = machines[f"{application}-mailing"]["generators"][f"{NAMES[application]}-mail"]["files"]
        found: Evaluated = files["password"]
        return found

    mastodon, peertube = password("mastodon"), password("peertube")
    assert machines["mastodon-mailing"]["services"]["mastodon"]["smtp"]["passwordFile"] == mastodon["path"]
    assert machines["peertube-mailing"]["services"]["peertube"]["smtp"]["passwordFile"] == peertube["path"]
    assert (mastodon["owner"], peertube["owner"]) == ("mastodon", "peertube")
    assert environment_file(machines["pixelfed-mailing"], "pixelfed")["MAIL_PASSWORD"] == password("pixelfed")["path"]
    assert password("pixelfed")["owner"] == "root"
    for application in APPLICATIONS:
        assert password(application)["restartUnits"]
        assert password(application)["mode"] == "0400"


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_relay_that_asks_for_no_login_gets_none(machines: Evaluated, application: str) -> None:
    machine = machines[f"{application}-anonymous"]
    assert f"{NAMES[application]}-mail" not in machine["generators"]
    service = machine["services"][application]
    assert "MAIL_PASSWORD" not in environment_file(machine, application)
    assert (service.get("smtp") or {}).get("passwordFile") is None
    path, value = TLS_FROM_THE_START[application]
    for key in path:
        service = service[key]
    assert service == value


@pytest.mark.parametrize("application", APPLICATIONS)
def test_without_mail_no_relay_is_named(machines: Evaluated, application: str) -> None:
    machine = machines[f"{application}-plain"]
    assert f"{NAMES[application]}-mail" not in machine["generators"]
    assert "mail.social.example" not in json.dumps(machine["services"][application])
    assert machine["services"]["postfix"] is None


# Secrets


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_deployment_generates_its_secrets_with_nobody_there_to_answer(machines: Evaluated, application: str) -> None:
    name = NAMES[application]
    for variant in ("plain", "stored", "mailing", "disabled"):
        generators = machines[f"{application}-{variant}"]["generators"]
        expected = {f"{name}-initial-user": (False, {"password"})}
        if variant in {"stored", "disabled"}:
            expected[f"{name}-s3"] = (True, {"access-key-id", "secret-access-key"})
        if variant in {"mailing", "disabled"}:
            expected[f"{name}-mail"] = (True, {"password"})
        if OWN_SECRETS[application]:
            expected[f"{name}-secrets"] = (False, OWN_SECRETS[application])
        assert {key: (g["share"], set(g["files"])) for key, g in generators.items()} == expected


@pytest.mark.parametrize("application", APPLICATIONS)
def test_secrets_of_a_disabled_application_belong_to_no_user_that_is_gone(
    machines: Evaluated, application: str
) -> None:
    generators = machines[f"{application}-disabled"]["generators"].values()
    files = [file for generator in generators for file in generator["files"].values()]
    assert {(file["owner"], file["group"]) for file in files} == {("root", "root")}
    assert [file["restartUnits"] for file in files if file["restartUnits"]] == []


def test_no_secret_reaches_what_is_evaluated(machines: Evaluated, flake: Path) -> None:
    assert SECRET in (flake / "vars/shared/social-s3/secret-access-key/secret").read_text(), "the search is blind"
    assert SECRET not in json.dumps(machines)
    paths = [
        file["path"]
        for machine in machines.values()
        for generator in machine["generators"].values()
        for file in generator["files"].values()
    ]
    assert len(paths) > 50
    assert [path for path in paths if not path.startswith("/run/secrets/vars/")] == []


# The initial user


@pytest.mark.parametrize("application", APPLICATIONS)
def test_the_initial_user_is_made_once_after_the_application_is_up(machines: Evaluated, application: str) -> None:
    machine, name = machines[f"{application}-plain"], NAMES[application]
    unit = initial_user(machine, application)
    assert unit["wantedBy"] == ["multi-user.target"]
    assert f"{MAIN_UNIT[application]}.service" in unit["after"]
    assert unit["requires"] == [f"{MAIN_UNIT[application]}.service"]
    assert (unit["serviceConfig"]["Type"], unit["serviceConfig"]["User"]) == ("oneshot", application)
    marker = f"/var/lib/{application}/.initial-user"
    assert unit["unitConfig"]["ConditionPathExists"] == f"!{marker}"
    assert unit["script"].rstrip().endswith(f"touch {marker}"), "only when all went well"
    assert unit["environment"]["INITIAL_USERNAME"] == "crs58"
    assert unit["environment"]["INITIAL_DISPLAY_NAME"] == "Operator"
    assert unit["environment"]["INITIAL_EMAIL"] == "operator@social.example"
    password = machine["generators"][f"{name}-initial-user"]["files"]["password"]["path"]
    assert unit["serviceConfig"]["LoadCredential"] == [f"password:{password}"]
    assert "password" not in " ".join(unit["environment"])


# Taking down, and removing


@pytest.mark.parametrize("application", APPLICATIONS)
def test_a_disabled_application_is_gone_from_the_machine(machines: Evaluated, application: str) -> None:
    machine = machines[f"{application}-disabled"]
    assert units_of(machine, application) == set()
    assert {name for name, service in machine["services"].items() if service is not None} == set()
    assert web_ports(machine) == set()


@pytest.mark.parametrize("application", APPLICATIONS)
def test_the_data_of_a_disabled_application_is_touched_by_nothing(machines: Evaluated, application: str) -> None:
    machine = machines[f"{application}-disabled"]
    written = json.dumps([machine["units"], machine["services"]])
    for directory in machine["applicationData"][application]["directories"]:
        assert directory not in written


@pytest.mark.parametrize("application", APPLICATIONS)
def test_data_is_removed_only_where_a_disabled_request_says_so(machines: Evaluated, application: str) -> None:
    unit_name = f"fediversity-{NAMES[application]}-remove-data"
    machine = machines[f"{application}-removed"]
    assert units_of(machine, application) == {unit_name}
    assert [name for name, m in machines.items() if unit_name in m["units"]] == [f"{application}-removed"]
    unit, server = machine["units"][unit_name], SERVER_OF[application]
    data = machine["applicationData"][application]
    assert data["database"] == server
    assert f"/var/lib/{application}" in data["directories"]
    assert unit["environment"]["DIRECTORIES"].split() == data["directories"]
    assert (unit["environment"]["DATABASE_SERVER"], unit["environment"]["DATABASE"]) == (server, application)
    assert unit["requires"] == unit["after"] == ["mysql.service" if server == "mysql" else "postgresql.target"]
    assert machine["services"][server]["enable"], "a database can only be dropped by its server"


# What is refused


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("two", ["orb-nixos has 2 deployments of mastodon: again, social", "disabled ones included"]),
        ("stray", ["Deployment social is for cinnabar, but is part of orb-nixos"]),
        ("hasty", ["Deployment social: the data of a running application would be removed", "enable = false"]),
        ("hyphen", ["Deployment social: no application lets a user be called 'a-b'"]),
    ],
)
def test_a_request_that_cannot_be_is_refused_in_words(machines: Evaluated, scenario: str, said: list[str]) -> None:
    messages = machines[scenario]["assertions"]
    assert len(messages) == 1
    assert all(part in messages[0] for part in said), messages
