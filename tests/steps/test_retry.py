"""Which failures are retried, how often, and which never are."""

import pytest

from fediversity.steps.act import nixos_anywhere_phases
from fediversity.steps.act.install import install
from fediversity.steps.act.nixos_anywhere_phases import Phases
from fediversity.steps.handlers import update
from fediversity.steps.job import RolledBackError, StepError
from fediversity.steps.transport.process import run_tool
from fediversity.steps.transport.retry import is_connection_failure
from fediversity.steps.transport.ssh import pin_host_key
from tests.steps.living import Living
from tests.steps.machines import Network, Said, ScriptedMachine, image_answers
from tests.steps.site import Site

UPDATE = ("clan", "machines", "update", "cinnabar")
INSTALL = ("clan", "machines", "install", "cinnabar", "--phases", "kexec,disko,install,reboot", "--yes")
NO_CONNECTION = "ssh: connect to host 203.0.113.7 port 22: Connection timed out"


@pytest.mark.parametrize(
    "text",
    [
        NO_CONNECTION,
        "error: failed to start SSH connection to 'root@203.0.113.7'",
        "error: cannot connect to 'root@203.0.113.7'",
        "client_loop: send disconnect: Broken pipe",
        "kex_exchange_identification: read: Connection reset by peer",
        "ssh: Could not resolve hostname moss.zt: Name or service not known",
        "Connection reset by 203.0.113.7 port 22",
        "Connection to 203.0.113.7 closed by remote host.",
        "Connection to 203.0.113.7 port 22 timed out",
        "Timeout, server 203.0.113.7 not responding.",
        "rsync exited with code 255",
    ],
)
def test_what_says_that_there_is_no_connection_may_be_tried_again(text: str) -> None:
    assert is_connection_failure(StepError(f"`clan machines update …` exited with 1:\n    {text}"))


@pytest.mark.parametrize("text", ["error: attribute 'x' missing", "No space left on device", "builder failed with 1"])
def test_other_failures_are_not_tried_again(text: str) -> None:
    assert not is_connection_failure(StepError(text))


def failing(site: Site, text: str, times: int) -> None:
    """A clan that says a text and fails so many times, and then ends well."""
    counted = site.bin / "tries"
    site.clan(f"echo x >>'{counted}'; [ $(wc -l <'{counted}') -gt {times} ] && exit 0; echo '{text}' >&2; exit 1\n")


def machine(site: Site, network: Network, living: Living) -> ScriptedMachine:
    there = living.machine(network)
    pin_host_key(site.known_hosts, "cinnabar", there.host_public_key)
    return there


def test_an_update_that_could_not_connect_is_tried_again(site: Site, network: Network) -> None:
    failing(site, NO_CONNECTION, 2)

    assert (
        update(site.context("update", machine(site, network, Living()), UPDATE, server_id="1")).outcome == "unchanged"
    )
    assert len(site.clan_calls) == 3
    assert site.log_text.count("trying again in") == 2


def test_it_is_tried_three_times_at_most(site: Site, network: Network) -> None:
    failing(site, NO_CONNECTION, 9)

    with pytest.raises(StepError, match="cinnabar was not changed"):
        update(site.context("update", machine(site, network, Living()), UPDATE, server_id="1"))
    assert len(site.clan_calls) == 3


def test_an_update_that_failed_for_another_reason_is_not_tried_again(site: Site, network: Network) -> None:
    failing(site, "error: attribute missing", 9)

    with pytest.raises(StepError, match="attribute missing"):
        update(site.context("update", machine(site, network, Living()), UPDATE, server_id="1"))
    assert len(site.clan_calls) == 1


def test_an_update_that_lost_its_connection_after_it_had_changed_something_is_taken_back_at_once(
    site: Site, network: Network
) -> None:
    failing(site, NO_CONNECTION, 9)
    living = Living()
    there = machine(site, network, living)

    def switches(_: object) -> Said:
        living.switched()
        return Said()

    there.answers["systemd-run --unit=fediversity-guard --collect …"] = switches

    with pytest.raises(RolledBackError):
        update(site.context("update", there, UPDATE, server_id="1"))
    assert len(site.clan_calls) == 1


def installed(site: Site, network: Network, printed: str) -> StepError:
    site.clan(f"printf '%s\\n' '{printed}' '{NO_CONNECTION}' >&2; exit 1\n")
    with pytest.raises(StepError) as caught:
        install(site.context("install", network.machine(image_answers()), INSTALL, server_id="4711"))
    return caught.value


def test_an_install_that_could_not_connect_is_tried_again(site: Site, network: Network) -> None:
    installed(site, network, "### Uploading install SSH keys ###")

    assert len([call for call in site.clan_calls if "install" in call]) == 3


def test_an_install_that_had_begun_to_partition_is_never_tried_again(site: Site, network: Network) -> None:
    installed(site, network, "[cinnabar] ### Formatting hard drive with disko ###")

    assert len([call for call in site.clan_calls if "install" in call]) == 1


def test_a_server_with_too_little_memory_is_not_installed(site: Site, network: Network) -> None:
    site.clan()
    small = network.machine(image_answers({"cat /proc/meminfo": Said("MemTotal: 1000000 kB\n")}))

    with pytest.raises(StepError, match="977 MiB of memory"):
        install(site.context("install", small, INSTALL, server_id="4711"))
    assert site.clan_calls == []


def test_phases_are_found_in_output_that_comes_in_any_pieces() -> None:
    text = b"[oak] ### Uploading install SSH keys ###\r\n[oak] ### Formatting hard drive with disko ###\n"
    for size in (1, 7, 1000):
        phases = Phases()
        for at in range(0, len(text), size):
            assert not phases.erasing
            phases.feed(text[at : at + size])
        assert phases.erasing


def test_an_installer_that_waits_for_ever_is_ended(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nixos_anywhere_phases, "_SECONDS", {b"### Uploading install SSH keys ###": 0.3})
    site.script("tool", "echo '### Uploading install SSH keys ###'; exec sleep 600\n")
    context = site.context("vars", command=("tool",), subject="fleet")

    with pytest.raises(StepError, match=r"was at 'Uploading install SSH keys' for more than 0\.3 s and was ended"):
        run_tool(
            ("tool",),
            log=context.log,
            stop=context.stop,
            timeout=60,
            environment={"PATH": f"{site.bin}:/usr/bin:/bin"},
            watch=Phases(),
        )
