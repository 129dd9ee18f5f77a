"""The services to develop with, evaluated: DNS with an interface, S3 storage, a mail relay that keeps mails."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.nix.evaluation import evaluate
from tests.nix.requests import MAIL, SECRET, STORAGE, flake_with, request

EXPRESSION = Path(__file__).parent / "applications.nix"

FLEET = {
    "social": request("mastodon", storage=STORAGE, mail=MAIL),
    "video": request("peertube", storage=STORAGE, mail=MAIL | {"user": None}),
    "pictures": request("pixelfed", storage=STORAGE | {"endpoint": "s3.elsewhere.example"}),
}
RELAY = {"mailRelay": {"domain": "mail.social.example"}}
SCENARIOS = {
    "powerdns": {"requests": {}, "aspects": ["powerdns"]},
    "garage": {"requests": {}, "aspects": ["garage"], "settings": {"garage": {"domain": "s3.social.example"}}},
    "relay": {"requests": {}, "aspects": ["mail-relay"], "settings": RELAY},
    "outgoing": {
        "requests": {},
        "aspects": ["mail-relay"],
        "settings": {"mailRelay": {**RELAY["mailRelay"], "keep": False}},
    },
    "together": {
        "aspects": ["garage", "mail-relay"],
        "settings": {"garage": {"domain": "s3.social.example"}, **RELAY},
    },
}

Evaluated = Mapping[str, Any]


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = {"scenarios": SCENARIOS, "generators": ["social-", "video-", "pictures-", "garage", "powerdns"]}
    folder = tmp_path_factory.mktemp("services")
    flake = flake_with(folder, FLEET, **asked)
    for var in ("garage/rpc-secret", "garage/admin-token", "powerdns/environment", "powerdns/api-key"):
        secret = flake / "vars/per-machine/orb-nixos" / var / "secret"
        secret.parent.mkdir(parents=True)
        secret.write_text(SECRET)
    return flake


@pytest.fixture(scope="module")
def machines(flake: Path) -> Evaluated:
    machines: Evaluated = evaluate("applications", flake, EXPRESSION)
    return machines


def credentials(unit: Evaluated) -> dict[str, str]:
    return dict(entry.split(":", 1) for entry in unit["serviceConfig"]["LoadCredential"])


def test_no_service_to_develop_with_fails_an_assertion_or_holds_a_secret(machines: Evaluated, flake: Path) -> None:
    assert {name: machine["assertions"] for name, machine in machines.items()} == {name: [] for name in SCENARIOS}
    assert SECRET in (flake / "vars/per-machine/orb-nixos/garage/admin-token/secret").read_text(), "the search is blind"
    assert SECRET not in json.dumps(machines)


def test_powerdns_serves_zones_to_all_and_its_interface_to_the_machine_alone(machines: Evaluated) -> None:
    machine = machines["powerdns"]
    lines = machine["services"]["powerdns"]["extraConfig"].splitlines()
    assert {"launch=lmdb", "api=yes", "webserver=yes", "api-key=$PDNS_API_KEY"} <= set(lines)
    assert not [line for line in lines if line.startswith(("webserver-address", "webserver-allow-from"))]
    assert 8081 not in machine["ports"]
    assert 53 in machine["ports"]
    key = machine["generators"]["powerdns"]["files"]
    assert machine["services"]["powerdns"]["secretFile"] == key["environment"]["path"]
    assert key["environment"]["restartUnits"] == ["pdns.service"]
    assert key["api-key"]["deploy"] is False
    assert "PDNS_API_KEY=" in machine["generators"]["powerdns"]["script"]
    assert "lmdb-filename=/var/lib/pdns/zones.lmdb" in lines
    assert machine["units"]["pdns"]["serviceConfig"]["StateDirectory"] == "pdns"


def test_garage_serves_its_own_deployments_and_no_others(machines: Evaluated) -> None:
    machine = machines["garage"]
    setup = machine["units"]["garage-setup"]
    assert setup["environment"]["DEPLOYMENTS"].split() == ["social=uploads", "video=uploads"]
    vars_ = machine["generators"]
    assert credentials(setup) == {
        "admin-token": vars_["garage"]["files"]["admin-token"]["path"],
        "social-id": vars_["social-s3"]["files"]["access-key-id"]["path"],
        "social-secret": vars_["social-s3"]["files"]["secret-access-key"]["path"],
        "video-id": vars_["video-s3"]["files"]["access-key-id"]["path"],
        "video-secret": vars_["video-s3"]["files"]["secret-access-key"]["path"],
    }
    assert "pictures-s3" not in vars_
    assert vars_["social-s3"]["files"]["access-key-id"]["restartUnits"] == ["garage-setup.service"]


def test_garage_is_reached_through_nginx_alone(machines: Evaluated) -> None:
    machine = machines["garage"]
    hosts = machine["services"]["nginx"]["virtualHosts"]
    settings = machine["services"]["garage"]["settings"]
    target = {host: options["locations"]["/"]["proxyPass"] for host, options in hosts.items()}
    assert target == {
        "s3.social.example": f"http://localhost:{settings['s3_api']['api_bind_addr'].rsplit(':')[-1]}",
        "uploads.s3.social.example": f"http://localhost:{settings['s3_web']['bind_addr'].rsplit(':')[-1]}",
    }
    assert settings["s3_web"]["root_domain"] == ".s3.social.example"
    assert settings["s3_api"]["s3_region"] == "garage"
    assert settings["replication_factor"] == 1
    assert {3900, 3901, 3902, 3903}.isdisjoint(machine["ports"])
    assert {80, 443} <= set(machine["ports"])


def test_garage_gets_its_own_secrets_as_credentials(machines: Evaluated) -> None:
    machine = machines["garage"]
    environment = machine["services"]["garage"]["extraEnvironment"]
    given = credentials(machine["units"]["garage"])
    assert {environment["GARAGE_RPC_SECRET_FILE"], environment["GARAGE_ADMIN_TOKEN_FILE"]} == {
        f"%d/{credential}" for credential in given
    }
    assert given["rpc-secret"] == machine["generators"]["garage"]["files"]["rpc-secret"]["path"]


def test_the_relay_takes_mails_by_password_and_keeps_them(machines: Evaluated) -> None:
    machine = machines["relay"]
    postfix = machine["services"]["postfix"]
    assert (postfix["enableSubmission"], postfix["enableSmtp"]) == (True, False)
    options = postfix["submissionOptions"]
    assert options["smtpd_tls_security_level"] == "encrypt"
    assert options["smtpd_client_restrictions"] == "permit_sasl_authenticated,reject"
    main = postfix["settings"]["main"]
    assert main["virtual_alias_maps"] == ["static:mail-sink@localhost"]
    assert main["default_transport"].startswith("error:")
    assert main["relay_transport"].startswith("error:")
    assert 587 in machine["ports"]
    assert 25 not in machine["ports"]
    users = machine["units"]["mail-relay-users"]
    assert users["environment"]["USERS"] == "social=social", "who needs no login gets none"
    assert credentials(users) == {"social": machine["generators"]["social-mail"]["files"]["password"]["path"]}
    assert users["environment"]["REALM"] == main["smtpd_sasl_local_domain"] == "mail.social.example"
    assert users["requiredBy"] == users["before"] == ["postfix.service"]


def test_the_relay_lets_mails_out_only_where_somebody_says_so(machines: Evaluated) -> None:
    main = machines["outgoing"]["services"]["postfix"]["settings"]["main"]
    assert {"virtual_alias_maps", "default_transport", "relay_transport"}.isdisjoint(main)


def test_storage_and_relay_on_the_machine_of_the_applications_share_their_secrets(machines: Evaluated) -> None:
    machine = machines["together"]
    key = machine["generators"]["social-s3"]["files"]["access-key-id"]
    assert set(key["restartUnits"]) == {"fediversity-social-environment.service", "garage-setup.service"}
    password = machine["generators"]["social-mail"]["files"]["password"]
    assert password["owner"] == "mastodon"
    assert {"mail-relay-users.service", "mastodon-web.service"} <= set(password["restartUnits"])
    for name in ("social", "video"):
        assert machine["generators"][f"{name}-s3"]["share"] is True
