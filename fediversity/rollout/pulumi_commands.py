"""Which engine command a person's command becomes, and in which environment."""

from collections.abc import Mapping, Sequence
from typing import Any

from fediversity.project.endpoints import Endpoints

OPERATIONS = ("up", "preview", "refresh", "destroy")

# The stack that comes with the project: made on first use, needs no passphrase and downloads no plug-in.
DEV = "dev"

# A step waits on a machine far longer than it computes, so more run at once than Pulumi's own default
# of four a core. The heavy ones are limited where they run.
_LEAST_PARALLEL = 16


def arguments(
    operation: str,
    stack: str,
    options: Sequence[str] = (),
    *,
    simulated: bool,
    keep_going: bool = True,
    agreed: bool = False,
    machines: int = 0,
) -> list[str]:
    """Pulumi's arguments for one of OPERATIONS; a person's own options come last, so that they win.

    As many steps run at once as there are `machines`: a step that waits for its turn is one of them, and would keep the
    next step of a machine that has had its turn from starting.
    Only where all is simulated, or a person has agreed to what a preview showed, nothing is asked.
    """
    chosen = [operation, "--stack", stack, "--parallel", str(max(_LEAST_PARALLEL, machines))]
    if operation in ("up", "destroy") and keep_going:
        # The failure of one machine stops what depends on it and nothing else.
        chosen.append("--continue-on-error")
    if operation != "preview" and (simulated or agreed):
        chosen += ["--yes", "--skip-preview"]
    return [*chosen, *options]


def asks(options: Sequence[str], *, simulated: bool) -> bool:
    """Whether an `up` with these options shows what it would do and asks before it does it."""
    return not simulated and not {"--yes", "-y", "--skip-preview", "-f"} & set(options)


def may_ask_for_a_passphrase(settings: Mapping[str, Any], environ: Mapping[str, str]) -> bool:
    """Whether Pulumi would ask on the terminal for the passphrase of a stack with these settings."""
    known = {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & set(environ)
    return "encryptionsalt" in settings and not known


def environment(
    stack: str, environ: Mapping[str, str], backend: str | None = None, endpoints: Endpoints | None = None
) -> dict[str, str]:
    """The environment of Pulumi: a person's own settings stay, what they left open is filled in.

    `backend` is the URL that the stack's settings name; Pulumi takes it before the project's. `endpoints` are the
    stack's own end points of clouds, if it has any.
    """
    filled = {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    filled |= endpoints.variables if endpoints is not None else {}
    if stack == DEV:
        # Otherwise Pulumi tries to download an official plug-in for every SDK that is installed.
        filled["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
        if "PULUMI_CONFIG_PASSPHRASE_FILE" not in environ:
            filled["PULUMI_CONFIG_PASSPHRASE"] = ""
    # Without the last, Pulumi has no `--event-log`; Pulumi's Automation API sets it for the same reason.
    found = {**filled, **environ, "PULUMI_DEBUG_COMMANDS": "true"}
    if backend is not None and not found.get("PULUMI_BACKEND_URL"):
        found["PULUMI_BACKEND_URL"] = backend
    return found
