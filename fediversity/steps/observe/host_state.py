"""Reads the state of a machine in one SSH session: what it runs, and how it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from fediversity.steps.job import StepError
from fediversity.steps.observe.boot_id import BOOT_ID
from fediversity.steps.observe.host_facts import CURRENT_SYSTEM, DARWIN_REBUILD, IDENTITY_FILE
from fediversity.steps.observe.zerotier import LIST_NETWORKS, ZeroTierNetwork, parse_networks
from fediversity.steps.transport.ssh import SshResult, Target

SYSTEM_PROFILE = "/nix/var/nix/profiles/system"
"""The system that a machine boots: on NixOS the newest entry of the boot loader, on a Mac the one that its next start
activates."""

DEPLOYMENTS = "/etc/fediversity/deployments"
REBUILD = "darwin-rebuild"
"""The command that changes a Mac's system. macOS has no units to name."""

GUARD_UNIT = "fediversity-guard.service"
WENT_BACK_UNIT = "fediversity-guard-went-back.service"

_LOOK_SECONDS = 90.0
_OURS = ("clan-*.service", "nixos-rebuild-*.service", "fediversity-*.service")
_LIST_UNITS = ("systemctl", "list-units")

_EVERYWHERE: Mapping[str, tuple[str, ...]] = {
    "system": ("readlink", "-f", CURRENT_SYSTEM),
    "profile": ("readlink", "-f", SYSTEM_PROFILE),
    "identity": ("cat", IDENTITY_FILE),
    "has_identity": ("test", "-e", IDENTITY_FILE),
    "clock": ("date", "+%s"),
}
_NIXOS: Mapping[str, tuple[str, ...]] = {
    "hostname": ("hostname",),
    "boot": BOOT_ID,
    "space": ("df", "--output=avail", "-B1", "/nix/store"),
    "state": ("systemctl", "is-system-running"),
    "failed": (*_LIST_UNITS, "--failed", "--plain", "--no-legend", "--full"),
    "busy": (*_LIST_UNITS, "--plain", "--no-legend", "--state=active,activating", *_OURS),
    "deployments": ("ls", DEPLOYMENTS),
}
_DARWIN: Mapping[str, tuple[str, ...]] = {
    "space": ("df", "-k", "/nix"),
    "bootstrapped": ("test", "-e", DARWIN_REBUILD),
    # Started at the Mac itself, or left behind by a lost connection. The brackets keep this very line from matching.
    "rebuilds": ("pgrep", "-f", "[d]arwin-rebuild switch"),
}


@dataclass(frozen=True)
class HostState:
    """The state of a machine. A value that could not be read, or that its class does not have, is None or empty.

    `system` is the store path of the system it runs, `profile` of the one it boots. `free` is the free bytes of its
    store, `clock` its time in seconds since 1970. `state` is systemd's word for the system. `failed` has the failed
    units, `busy` the units of deployments, or REBUILD on a Mac. `root` says whether its login user has root's rights.
    """

    system: str | None
    profile: str | None
    identity: str | None
    clock: int | None = None
    hostname: str | None = None
    boot: str | None = None
    free: int | None = None
    state: str | None = None
    failed: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()
    deployments: frozenset[str] = frozenset()
    networks: tuple[ZeroTierNetwork, ...] = ()
    root: bool = True
    bootstrapped: bool = True

    @property
    def at_work(self) -> frozenset[str]:
        """The units that change the system at this moment."""
        return self.busy - {GUARD_UNIT, WENT_BACK_UNIT}

    @property
    def went_back(self) -> bool:
        """Whether a rollback timer has rolled the machine back, and no runner has cleared the record of it."""
        return WENT_BACK_UNIT in self.busy

    @property
    def guarded(self) -> bool:
        """Whether a rollback timer waits on the machine."""
        return GUARD_UNIT in self.busy


def read_host_state(target: Target, machine_class: str) -> HostState | SshResult:
    """Returns the state of a machine, or ssh's own result if it was not reached.

    Raises StepError if the machine has an identity that cannot be read. Nothing else is judged here.
    """
    questions = {
        **_EVERYWHERE,
        **(_DARWIN if machine_class == "darwin" else _NIXOS),
        "root": target.as_root("true"),
        "networks": target.as_root(*LIST_NETWORKS),
    }
    results = target.ask(list(questions.values()), seconds=_LOOK_SECONDS)
    answers = dict(zip(questions, results, strict=True))
    if answers["system"].unreached:
        return answers["system"]
    if answers["has_identity"].ok and not answers["identity"].ok:
        raise StepError(f"{IDENTITY_FILE} on {target.alias} cannot be read", "log in and look at it")
    return _state_of(answers, machine_class)


def _state_of(answers: Mapping[str, SshResult], machine_class: str) -> HostState:
    def text(name: str) -> str | None:
        answer = answers.get(name)
        return answer.stdout.strip() or None if answer is not None and answer.ok else None

    def raw(name: str) -> str:
        return answers[name].stdout.strip() if name in answers else ""

    def path(name: str, link: str) -> str | None:
        target = text(name)
        # `readlink -f` prints a path of which only the last part is missing unchanged.
        return None if target == link else target

    return HostState(
        system=path("system", CURRENT_SYSTEM),
        profile=path("profile", SYSTEM_PROFILE),
        identity=text("identity"),
        clock=_number(text("clock")),
        hostname=text("hostname"),
        boot=text("boot"),
        free=_free(text("space"), machine_class),
        # systemctl fails for every word but `running`.
        state=raw("state") or None,
        failed=_first_words(raw("failed")),
        busy=_first_words(raw("busy")) | ({REBUILD} if "rebuilds" in answers and answers["rebuilds"].ok else set()),
        deployments=frozenset((text("deployments") or "").split()),
        networks=parse_networks(raw("networks")),
        root=answers["root"].ok,
        bootstrapped=answers["bootstrapped"].ok if "bootstrapped" in answers else True,
    )


def _first_words(text: str) -> frozenset[str]:
    """Returns the units of a list. systemd puts a dot before a failed one unless told otherwise."""
    return frozenset(words[0] for line in text.splitlines() if (words := line.replace("●", " ").split()))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _free(text: str | None, machine_class: str) -> int | None:
    """Returns the free bytes from the output of `df`: the only column on NixOS, the fourth in KiB on a Mac."""
    rows = (text or "").splitlines()[1:]
    words = rows[-1].split() if rows else []
    if machine_class == "darwin":
        kilobytes = _number(words[3]) if len(words) > 3 else None
        return None if kilobytes is None else kilobytes * 1024
    return _number(words[0]) if words else None
