"""Every command line that a rollout can run, checked against the tools' own grammars."""

import argparse
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from fediversity.fleet.model import Fleet
from fediversity.planning.commands import ADDRESS
from fediversity.planning.steps import Step
from fediversity.project.origin import HOME, PROJECT, RolloutOrigin
from tests.planning import nixops4_grammar, samples
from tests.planning.clan_grammar import ClanGrammar, check_target
from tests.planning.samples import AGENT_SITE, DEV_SITE, PRODUCTION_SITE, dev_fleet, every_kind, one_server, plan_of

FLEETS = {"dev": dev_fleet, "every kind": every_kind, "one server": one_server}
SITES = {"dev": DEV_SITE, "production": PRODUCTION_SITE, "agent": AGENT_SITE}
IPV4, CHECKOUT, PERSONS_HOME = "203.0.113.7", "/srv/fediversity", "/home/operator"


def cases() -> Iterator[tuple[Fleet, RolloutOrigin, Step]]:
    """Every step with a command line, of every fleet at every site."""
    for fleet in FLEETS.values():
        for site in SITES.values():
            for step in plan_of(fleet(), site):
                if step.command:
                    yield fleet(), site, step


def filled_in(step: Step, address: str = IPV4) -> list[str]:
    """The words of a step's command as the tool gets them."""
    filled = [word.replace(ADDRESS, address).replace(PROJECT, CHECKOUT) for word in step.command]
    return [word.replace(HOME, PERSONS_HOME) for word in filled]


def in_checkout(text: str) -> str:
    """A text of the shell in which the project's folder is filled in."""
    return text.replace(PROJECT, CHECKOUT)


def clan_lines(kind: str) -> Iterator[tuple[Fleet, RolloutOrigin, Step, argparse.Namespace]]:
    """Every line of clan's of one kind, with what clan understands."""
    grammar = ClanGrammar.recorded()
    for fleet, site, step in cases():
        if step.kind == kind:
            assert step.command[0] == "clan"
            yield fleet, site, step, grammar.check(filled_in(step)[1:])


def test_every_line_is_one_that_its_tool_takes() -> None:
    clan = ClanGrammar.recorded()
    tools: Mapping[str, Callable[[Sequence[str]], object]] = {
        "clan": lambda words: clan.check(words[1:]),
        "nixops4": nixops4_grammar.check,
    }
    lines = [filled_in(step) for _, _, step in cases()]
    for words in lines:
        tools[words[0]](words)
    assert len(lines) > 50


def test_no_line_leaves_a_variable_that_nobody_fills_in() -> None:
    for _, _, step in cases():
        assert not [word for word in filled_in(step) if "$" in word], step.name


def test_vars_are_generated_for_exactly_the_enabled_machines_in_a_fixed_order() -> None:
    for fleet, site, _, given in clan_lines("vars"):
        assert given.machines == sorted(fleet.enabled_machines)
        assert given.flake == in_checkout(site.flake_reference)
        assert not given.no_sandbox
        assert not given.regenerate, "what is there stays as it is"


def test_an_install_names_its_machine_asks_nobody_and_runs_all_phases() -> None:
    installed = set()
    for fleet, site, step, given in clan_lines("install"):
        machine = fleet.machines[step.machine or ""]
        target = check_target(given.target_host)
        assert (given.machine, given.flake, given.yes) == (step.machine, in_checkout(site.flake_reference), True)
        assert (target["user"], target["host"], target["port"]) == ("root", IPV4, str(site.port(machine.ssh.port)))
        assert given.phases == "kexec,disko,install,reboot"
        assert given.update_hardware_config == "nixos-facter"
        assert not given.no_reboot, "deprecated, and it does nothing"
        installed.add(step.machine)
    assert installed == {"cinnabar", "orb-nixos", "hub", "vault", "solo"}


def test_an_update_names_one_machine_and_pins_its_host_key() -> None:
    for fleet, site, step, given in clan_lines("update"):
        machine = fleet.machines[step.machine or ""]
        target = check_target(given.target_host)
        assert (given.machines, given.tags, given.flake) == ([step.machine], None, in_checkout(site.flake_reference))
        assert (target["user"], target["port"]) == (machine.ssh.user, str(site.port(machine.ssh.port)))
        assert given.host_key_check == "strict"
        assert target["HostKeyAlias"] == step.machine
        assert target["UserKnownHostsFile"] == f"{CHECKOUT}/.fediversity/{site.stack}/known_hosts/{step.machine}"


def test_no_update_has_a_build_host_which_on_a_mac_would_be_switched_instead() -> None:
    macs = 0
    for fleet, _, step, given in clan_lines("update"):
        assert given.build_host is None, step.name
        macs += fleet.machines[step.machine or ""].machineClass == "darwin"
    assert macs > 0


def test_the_identity_is_given_as_each_command_takes_it() -> None:
    own = f"{PERSONS_HOME}/.ssh/id_ed25519"
    expected = {"dev": f"{CHECKOUT}/.fediversity/dev/identity", "production": own, "staging": None}
    for _, site, _, given in clan_lines("install"):
        assert given.identity_file == expected[site.stack]
    for _, site, _, given in clan_lines("update"):
        target = check_target(given.target_host)
        assert target.get("IdentityFile") == expected[site.stack]
        assert target.get("IdentitiesOnly") == ("yes" if expected[site.stack] else None), "else the agent may choose"


@pytest.mark.parametrize(
    ("identity", "path"),
    [
        ("keys/deploy", "$PWD/keys/deploy"),
        ("/etc/keys/deploy", "/etc/keys/deploy"),
        ("~/keys/deploy", "$HOME/keys/deploy"),
    ],
)
def test_a_relative_identity_is_taken_from_the_project_and_the_shell_fills_in_a_home(identity: str, path: str) -> None:
    plan = plan_of(one_server(), RolloutOrigin("production", identity=identity))
    words = plan.by_name["solo-install"].command
    assert words[words.index("-i") + 1] == path
    assert f"IdentityFile={path}&" in plan.by_name["solo-update"].command[-1]


def test_an_ipv6_host_is_put_in_brackets_for_a_real_machine_only() -> None:
    grammar = ClanGrammar.recorded()
    real = plan_of(every_kind(), PRODUCTION_SITE).by_name["six-update"]
    given = grammar.check(filled_in(real, "2001:db8::6")[1:])
    assert check_target(given.target_host)["host"] == "[2001:db8::6]"
    simulated = plan_of(every_kind(), DEV_SITE).by_name["six-update"]
    given = grammar.check(filled_in(simulated, "127.64.0.3")[1:])
    assert check_target(given.target_host)["host"] == "127.64.0.3"


def test_a_deployment_names_one_composite_and_gets_its_facts_from_a_folder_of_its_own() -> None:
    for _, site, step in cases():
        if step.kind == "apply":
            understood = nixops4_grammar.check(filled_in(step))
            assert (understood.command, understood.paths) == (("apply",), [step.deployment])
            facts = f"path:{CHECKOUT}/.fediversity/{site.stack}/deployments/{step.deployment}"
            assert understood.options["--override-input"] == [("deployment-config", facts)]
            assert "--no-interactive" in understood.options


def test_lines_hold_no_address_and_nothing_of_this_computer() -> None:
    for fleet, _, step in cases():
        for machine in fleet.machines.values():
            host = getattr(machine.provider, "host", None)
            assert host is None or not any(host in word for word in step.command), step.name
        assert not any(str(samples.PROJECT) in word for word in step.command)


@dataclass(frozen=True)
class Workshop:
    """A folder in which the runner finds a `clan` and an `ssh` that do nothing but write down how they were called."""

    folder: Path

    def __post_init__(self) -> None:
        self._tool(
            "clan", f'for word; do printf "%s\\n" "$word"; done >>{self.folder}/words; echo >>{self.folder}/words'
        )
        self._tool("clan", 'case "$4" in *.pub) printf "ssh-ed25519 AAAA";; *) printf 0123456789abcdef;; esac')
        # Only the Mac answers, and the early SSH server, as on a machine that waits for its passphrase.
        self._tool("ssh", 'case " $* " in *" -p 2223 "*|*" HostKeyAlias=desk "*) exit 0;; esac; exit 255')

    def _tool(self, name: str, line: str) -> None:
        tool = self.folder / "bin" / name
        tool.parent.mkdir(exist_ok=True)
        text = tool.read_text() if tool.exists() else "#!/bin/sh\n"
        tool.write_text(f"{text}{line}\n")
        tool.chmod(stat.S_IRWXU)

    def lines_of_clan(self, *arguments: str) -> list[list[str]]:
        """The words of every call of clan's that a step makes."""
        environment = {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "FEDIVERSITY_ADDRESS": IPV4}
        environment |= {"FEDIVERSITY_SERVER_ID": "1", "FEDIVERSITY_CONTROLLER_ADDRESS": IPV4}
        done = subprocess.run(
            [sys.executable, "-m", "fediversity.steps.main", *arguments, "--stack", "dev", "--timeout", "0.2"],
            env=environment | {"PYTHONPATH": str(samples.PROJECT)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        words = self.folder / "words"
        assert words.exists(), f"clan was never called: {done.stderr}"
        return [call.split("\n") for call in words.read_text().rstrip("\n").split("\n\n")]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (
            ("unlock", "web", "--port", "2222", "--unlock-port", "2223"),
            {"initrd-ssh/id_ed25519.pub", "openssh/ssh.id_ed25519.pub", "luks/passphrase"},
        ),
        (("online", "web"), {"openssh/ssh.id_ed25519.pub"}),
        (("join", "desk", "--instance", "mesh", "--controller", "web"), {"zerotier-network-mesh/network-id"}),
    ],
)
def test_the_runner_reads_vars_with_lines_that_clan_takes(
    arguments: tuple[str, ...], names: set[str], tmp_path: Path
) -> None:
    grammar = ClanGrammar.recorded()
    read = [grammar.check(words) for words in Workshop(tmp_path).lines_of_clan(*arguments)]
    assert {given.var_id for given in read} == names
    assert {(given.machine, given.flake) for given in read} == {("web", f"path:{tmp_path / 'nix'}")}
