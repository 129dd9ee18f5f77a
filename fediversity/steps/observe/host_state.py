"""A look at a machine: what it runs and how it is, asked in one session. Nothing is changed there."""

from collections.abc import Mapping
from dataclasses import dataclass

from fediversity.steps.job import StepError
from fediversity.steps.observe.boot_id import BOOT_ID
from fediversity.steps.observe.host_facts import CURRENT_SYSTEM, DARWIN_REBUILD, IDENTITY_FILE
from fediversity.steps.observe.zerotier import LIST_NETWORKS, ZeroTierNetwork, parse_networks
from fediversity.steps.transport.ssh import SshResult, Target

SYSTEM_PROFILE = "/nix/var/nix/profiles/system"
"""What a machine boots: on NixOS the newest entry of the boot loader, on a Mac what is activated at the next start."""

DEPLOYMENTS = "/etc/fediversity/deployments"
REBUILD = "darwin-rebuild"
"""What changes a Mac's system. macOS has no units to name."""

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
    # Somebody at the Mac itself, or what a lost connection left behind. The brackets keep this very line from matching.
    "rebuilds": ("pgrep", "-f", "[d]arwin-rebuild switch"),
}


@dataclass(frozen=True)
class HostState:
    """How a machine is. What it did not say, or what its class does not have, is None or empty.

    `system` is the store path of what it runs, `profile` of what it boots. `free` is the room in its store in bytes,
    `clock` its time in seconds since 1970. `state` is systemd's one word, `failed` its failed units, `busy` the units
    of deployments, on a Mac REBUILD. `root` says whether its login user may do what root may.
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
        """The units in which somebody changes the system at this moment."""
        return self.busy - {GUARD_UNIT, WENT_BACK_UNIT}

    @property
    def went_back(self) -> bool:
        """Whether a guard has taken a change back there, and nobody has taken note of it yet."""
        return WENT_BACK_UNIT in self.busy

    @property
    def guarded(self) -> bool:
        """Whether a guard waits there to take a change back."""
        return GUARD_UNIT in self.busy


def read_host_state(target: Target, machine_class: str) -> HostState | SshResult:
    """Looks at a machine; gives ssh's own answer if it was not reached. Raises StepError if it cannot say whose it is.

    Only whether its owner is named, not whose it is, is judged here: all the rest is for others to judge.
    """
    questions = {
        **_EVERYWHERE,
        **(_DARWIN if machine_class == "darwin" else _NIXOS),
        "root": target.as_root("true"),
        "networks": target.as_root(*LIST_NETWORKS),
    }
    given = target.ask(list(questions.values()), seconds=_LOOK_SECONDS)
    answers = dict(zip(questions, given, strict=True))
    if answers["system"].unreached:
        return answers["system"]
    if answers["has_identity"].ok and not answers["identity"].ok:
        raise StepError(f"{IDENTITY_FILE} on {target.alias} cannot be read", "log in and look at it")
    return _snapshot(answers, machine_class)


def _snapshot(answers: Mapping[str, SshResult], machine_class: str) -> HostState:
    def text(name: str) -> str | None:
        answer = answers.get(name)
        return answer.stdout.strip() or None if answer is not None and answer.ok else None

    def said(name: str) -> str:
        return answers[name].stdout.strip() if name in answers else ""

    def path(name: str, link: str) -> str | None:
        found = text(name)
        # `readlink -f` gives a path of which only the last part is missing as it is.
        return None if found == link else found

    return HostState(
        system=path("system", CURRENT_SYSTEM),
        profile=path("profile", SYSTEM_PROFILE),
        identity=text("identity"),
        clock=_number(text("clock")),
        hostname=text("hostname"),
        boot=text("boot"),
        free=_free(text("space"), machine_class),
        # systemd gives its word with a failure unless it is `running`.
        state=said("state") or None,
        failed=_first_words(said("failed")),
        busy=_first_words(said("busy")) | ({REBUILD} if "rebuilds" in answers and answers["rebuilds"].ok else set()),
        deployments=frozenset((text("deployments") or "").split()),
        networks=parse_networks(said("networks")),
        root=answers["root"].ok,
        bootstrapped=answers["bootstrapped"].ok if "bootstrapped" in answers else True,
    )


def _first_words(text: str) -> frozenset[str]:
    """The units of a list; systemd puts a dot before a failed one unless told otherwise."""
    return frozenset(words[0] for line in text.splitlines() if (words := line.replace("●", " ").split()))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _free(text: str | None, machine_class: str) -> int | None:
    """The free bytes out of what `df` prints under its heading: alone on NixOS, the fourth column in KiB on a Mac."""
    rows = (text or "").splitlines()[1:]
    words = rows[-1].split() if rows else []
    if machine_class == "darwin":
        kilobytes = _number(words[3]) if len(words) > 3 else None
        return None if kilobytes is None else kilobytes * 1024
    return _number(words[0]) if words else None
