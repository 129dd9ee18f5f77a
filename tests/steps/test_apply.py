"""Deploying an application: what NixOps4 is told, and where it runs."""

import json

import pytest

from fediversity.steps.handlers import apply
from fediversity.steps.job import Result, StepError
from fediversity.steps.observe import health
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.machines import (
    NO_SUCH_FILE,
    SYSTEM,
    Network,
    Said,
    Script,
    ScriptedMachine,
    answers,
)
from tests.steps.site import Site

DEPLOYED = "cat /etc/fediversity/deployments/social.json"
APPLY = ("nixops4", "apply", "social", "--no-interactive")
DEPLOYMENT = {"machine": "cinnabar", "application": "mastodon", "settings": {"domain": "social.example.org"}}


@pytest.fixture(autouse=True)
def short_of_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_PAUSE_SECONDS", 0.05)


def pinned(site: Site, machine: ScriptedMachine) -> ScriptedMachine:
    pin_host_key(site.known_hosts, "cinnabar", machine.host_public_key)
    return machine


def test_a_deployment_is_told_where_the_machine_is_and_runs_in_the_flakes_folder(site: Site, network: Network) -> None:
    (site.project / "nix").mkdir()
    site.script("nixops4", 'pwd; echo "$@"')
    machine = pinned(site, network.machine(answers({DEPLOYED: Said(json.dumps(DEPLOYMENT))})))

    result = apply(site.context("apply", machine, APPLY, subject="social", request=DEPLOYMENT))

    assert (result.outcome, result.reason) == ("applied", f"social is deployed on cinnabar ({SYSTEM})")
    assert result.system == SYSTEM
    facts = site.state_dir / "deployments" / "social" / "deployment.json"
    ssh = {
        "user": "root",
        "host": machine.address,
        "port": machine.port,
        "hostPublicKey": machine.host_public_key,
        "identityFile": str(site.identity),
    }
    assert json.loads(facts.read_text()) == {"social": {**DEPLOYMENT, "ssh": ssh}}
    assert facts.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in facts.parent.iterdir()] == ["deployment.json"]
    assert f"{site.project}/nix\napply social --no-interactive\n" in site.log_text


def test_a_deployment_without_a_key_of_its_own_leaves_it_to_the_agent(site: Site, network: Network) -> None:
    (site.project / "nix").mkdir()
    site.script("nixops4", "exit 0")
    machine = pinned(site, network.machine(answers()))

    with pytest.raises(StepError, match="refuses the login"):
        apply(site.context("apply", machine, APPLY, subject="social", request=DEPLOYMENT, identity=None))

    facts = json.loads((site.state_dir / "deployments" / "social" / "deployment.json").read_text())
    assert "identityFile" not in facts["social"]["ssh"]


def test_the_file_of_an_earlier_deployment_is_replaced_and_made_private(site: Site, network: Network) -> None:
    (site.project / "nix").mkdir()
    site.script("nixops4", "exit 0")
    machine = pinned(site, network.machine(answers({DEPLOYED: Said(json.dumps(DEPLOYMENT))})))
    facts = site.state_dir / "deployments" / "social" / "deployment.json"
    facts.parent.mkdir(parents=True)
    facts.write_text("{}" * 5000)
    facts.chmod(0o644)

    apply(site.context("apply", machine, APPLY, subject="social", request=DEPLOYMENT))

    assert facts.stat().st_mode & 0o777 == 0o600
    assert set(json.loads(facts.read_text())) == {"social"}


def test_a_deployment_after_which_the_machine_is_not_well_has_failed(site: Site, network: Network) -> None:
    (site.project / "nix").mkdir()
    site.script("nixops4", "exit 0")
    script = {"systemctl is-system-running": Said("maintenance\n", status=1)}
    machine = pinned(site, network.machine(answers(script)))

    with pytest.raises(StepError, match="not well"):
        apply(site.context("apply", machine, APPLY, subject="social", request=DEPLOYMENT))


def test_a_deployment_needs_the_machines_host_key(site: Site, network: Network) -> None:
    site.script("nixops4", "touch ran")

    with pytest.raises(StepError, match="no host key is pinned for cinnabar"):
        apply(site.context("apply", network.machine(answers()), APPLY, subject="social", request=DEPLOYMENT))
    assert not list(site.project.rglob("ran"))


def deployed(site: Site, network: Network, script: dict[str, Script], **asked: object) -> Result:
    """Applies the deployment to a machine on which its file is as the script says."""
    (site.project / "nix").mkdir()
    site.script("nixops4", "exit 0")
    machine = pinned(site, network.machine(answers(script)))
    return apply(site.context("apply", machine, APPLY, subject="social", request=DEPLOYMENT | asked))


def test_nixops4_is_not_believed_without_a_look_at_the_machine(site: Site, network: Network) -> None:
    with pytest.raises(StepError, match="social is not part of the system of cinnabar"):
        deployed(site, network, {DEPLOYED: NO_SUCH_FILE})


def test_a_system_with_another_deployment_than_was_asked_for_has_failed(site: Site, network: Network) -> None:
    found = DEPLOYMENT | {"application": "pixelfed"}

    with pytest.raises(StepError, match="another social than was asked for: application differ"):
        deployed(site, network, {DEPLOYED: Said(json.dumps(found))})


def test_a_deployment_that_is_taken_down_is_gone_from_the_machine(site: Site, network: Network) -> None:
    there = "test -e /etc/fediversity/deployments/social.json"

    result = deployed(site, network, {there: Said(status=1)}, enable=False)

    assert (result.outcome, result.reason) == ("applied", f"social is taken down from cinnabar ({SYSTEM})")


def test_a_deployment_that_should_be_gone_and_is_not_has_failed(site: Site, network: Network) -> None:
    there = "test -e /etc/fediversity/deployments/social.json"

    with pytest.raises(StepError, match="social is still part of the system of cinnabar"):
        deployed(site, network, {there: Said()}, enable=False)
