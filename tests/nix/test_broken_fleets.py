"""A `fleet.json` that cannot work is refused when the flake is evaluated, by one error that says everything."""

import typing
from pathlib import Path

import pytest

from fediversity.fleet.deployments import Application
from tests.nix.breaking import Breaking, Cases, another_machine, broken, deployment, findings, put, role, without
from tests.nix.evaluation import evaluate, refusal

CASES: Cases = {
    "a role of a machine that does not exist": (
        [role("users-root", "default", "machines", ["cinnabar", "electrum"])],
        [
            "instances.users-root.roles.default: there is no machine 'electrum'; fix: "
            "name one of the fleet's enabled machines, or remove it"
        ],
    ),
    "a role of a tag that nobody has": (
        [role("zerotier-local", "peer", "tags", ["nixos", "gpu"])],
        [
            "instances.zerotier-local.roles.peer: no machine has the tag 'gpu'; fix: "
            "give it to a machine, or take it from the role"
        ],
    ),
    "a Mac in a service for NixOS": (
        [role("emergency-access", "default", "tags", ["nixos", "primary"])],
        [
            "instances.emergency-access.roles.default: emergency-access has no module for Macs and would do nothing on "
            "stibnite; fix: give the role to NixOS machines (tag nixos); a Mac gets the same from its own module"
        ],
    ),
    "a Mac in zerotier": (
        [role("zerotier-local", "peer", "tags", ["all"])],
        [
            "instances.zerotier-local.roles.peer: zerotier has no module for Macs and would do nothing on argentum, "
            "blackphos, rosegold, stibnite; fix: "
            "give the role to NixOS machines (tag nixos), and set `mesh` on the Macs"
        ],
    ),
    "zerotier without a controller": (
        [without("instances", "zerotier-local", "roles", "controller")],
        [
            "instances.zerotier-local: zerotier needs exactly one controller, and no machine is; fix: "
            "give the role controller to one machine by its name"
        ],
    ),
    "zerotier with two controllers": (
        [role("zerotier-local", "controller", "tags", ["cloud"])],
        [
            "instances.zerotier-local: zerotier needs exactly one controller, and cinnabar, orb-nixos are; fix: "
            "give the role controller to one machine by its name"
        ],
    ),
    "users that would ask for a password": (
        [without("instances", "users-root", "roles", "default", "settings", "prompt")],
        [
            "instances.users-root: users would ask for a password, and a rollout has nobody to answer; fix: "
            "set `prompt: false`: clan generates the password"
        ],
    ),
    "users without a user": (
        [without("instances", "users-crs58", "roles", "default", "settings", "user")],
        [
            "instances.users-crs58: users does not say which user; fix: "
            "set `user: NAME` in the settings of the role default"
        ],
    ),
    "a deployment on a machine that does not exist": (
        [put("oak", "deployments", "social", "machine")],
        ["deployments.social: there is no machine 'oak'; fix: name one of the fleet's enabled machines"],
    ),
    "a deployment on a Mac": (
        [put("stibnite", "deployments", "social", "machine")],
        ["deployments.social: stibnite is a Mac, and NixOps4 deploys to NixOS machines; fix: name a NixOS machine"],
    ),
    "the data of a running application to be removed": (
        [put(True, "deployments", "social", "removeData")],
        ["deployments.social: the data of a running application would be removed; fix: set `enabled: false` as well"],
    ),
    "settings of a deployment as they once were": (
        [put({"domain": "old.example"}, "deployments", "social", "settings")],
        [
            "deployments.social.settings: no such key is ever rendered; fix: "
            "remove it; what is specific to a machine belongs into its module in nix/"
        ],
    ),
    "an unknown application": (
        [put("lemmy", "deployments", "social", "application")],
        ["deployments.social: unknown application 'lemmy'; fix: use one of mastodon, peertube, pixelfed"],
    ),
    "one domain for two deployments": (
        [
            deployment("blog", domain="social.example"),
            deployment("video", "orb-nixos", "peertube", domain="social.example"),
        ],
        [
            "deployments: blog, video all have the domain social.example; fix: give each deployment its own domain",
        ],
    ),
    "one application twice on a machine": (
        [deployment("blog", "orb-nixos", domain="blog.example")],
        [
            "deployments: blog, social are all mastodon on orb-nixos; fix: "
            "put each on a machine of its own: a machine runs an application once"
        ],
    ),
    "an address": (
        [role("zerotier-local", "controller", "settings", {"allowedIps": ["at 2001:db8::1."]})],
        [
            "instances.zerotier-local.roles.controller.settings.allowedIps.0: this holds an IP address; fix: "
            "name a machine instead; addresses are found out when servers are made, or are clan vars"
        ],
    ),
    "an address with a port": (
        [put("first at 192.0.2.1:2222", "machines", "orb-nixos", "description")],
        [
            "machines.orb-nixos.description: this holds an IP address; fix: "
            "name a machine instead; addresses are found out when servers are made, or are clan vars"
        ],
    ),
    "a private key": (
        [
            role(
                "sshd-clan",
                "server",
                "settings",
                {"authorizedKeys": {"me": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n"}},
            )
        ],
        [
            "instances.sshd-clan.roles.server.settings.authorizedKeys.me: this holds a private key; fix: "
            "take it out, out of git's history too, and replace the key; secrets are clan vars or sops files"
        ],
    ),
    "five mistakes at once": (
        [
            put("http://198.51.100.7/", "machines", "cinnabar", "description"),
            put(True, "machines", "cinnabar", "fast"),
            another_machine("oak"),
            role("zerotier-local", "controller", "machines", []),
            put("lemmy", "deployments", "social", "application"),
        ],
        [
            "machines.cinnabar.description: this holds an IP address; fix: "
            "name a machine instead; addresses are found out when servers are made, or are clan vars",
            "machines.cinnabar.fast: no such key is ever rendered; fix: "
            "remove it; what is specific to a machine belongs into its module in nix/",
            'machines.oak: no module defines flake.modules.nixos."machines/oak"; fix: '
            "write nix/modules/machines/oak.nix, as a copy of nix/modules/machines/cinnabar.nix",
            "instances.zerotier-local: zerotier needs exactly one controller, and no machine is; fix: "
            "give the role controller to one machine by its name",
            "deployments.social: unknown application 'lemmy'; fix: use one of mastodon, peertube, pixelfed",
        ],
    ),
}


@pytest.mark.parametrize(("breakings", "expected"), CASES.values(), ids=CASES.keys())
def test_a_broken_fleet_is_refused_with_all_that_is_wrong(
    breakings: list[Breaking], expected: list[str], tmp_path: Path
) -> None:
    assert findings(refusal("inventory", broken(tmp_path, *breakings))) == expected


def test_a_service_that_the_flake_does_not_know_is_refused_with_those_it_knows(tmp_path: Path) -> None:
    (finding,) = findings(refusal("inventory", broken(tmp_path, put("vpn", "instances", "users-root", "module"))))
    assert finding.startswith("instances.users-root: clan has no service 'vpn'; fix: use one of ")
    assert {"sshd", "users", "wireguard", "zerotier"} <= set(finding.removesuffix(".").replace(",", "").split())


def test_clan_itself_names_a_role_that_its_service_does_not_have(tmp_path: Path) -> None:
    role = {"machines": ["cinnabar"], "tags": [], "settings": {}}
    error = refusal("members", broken(tmp_path, put(role, "instances", "users-root", "roles", "boss")))
    assert "users-root" in error
    assert "boss" in error


def test_texts_that_only_look_a_little_like_addresses_pass(tmp_path: Path) -> None:
    text = "NixOS 26.05.1, at 12:30:45, fast::io, MAC 00:16:3e:12:34:56, ::"
    fine = broken(tmp_path, put(text, "machines", "orb-nixos", "description"))
    assert evaluate("inventory", fine)["machines"]["orb-nixos"]["description"] == text


def test_the_flake_knows_the_applications_that_a_fleet_file_may_name(tmp_path: Path) -> None:
    for application in typing.get_args(Application):
        flake = broken(tmp_path / application, put(application, "deployments", "social", "application"))
        assert evaluate("inventory", flake)
