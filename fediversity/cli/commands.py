"""The table of commands: what each is for, and how its words are parsed.

It imports nothing, so that `fediversity --help` costs little.
"""

from collections.abc import Mapping

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Roll out a stack": {
        "up": "roll a stack out; recovers first if the last run was killed",
        "preview": "show what `up` would do, and do nothing",
        "refresh": "compare the recorded state with what really exists, and correct the record",
        "destroy": "delete everything that a stack made",
        "lift": "lift the protection of what the fleet file names to be destroyed, and do nothing else",
        "resolve": "say what became of creations that were cut short",
        "init": "make the dev stack if it does not exist",
        "pulumi": "run Pulumi's own command line in the backend of the stack that it names",
    },
    "Look at a fleet": {
        "status": "print the recorded status of every machine",
        "probe": "look at every machine, and record whether it is well and runs what was applied",
        "logs": "print the newest log of a machine's steps, or list them",
        "plan": "print the steps of a rollout and their order",
        "cost": "estimate what a fleet costs a month, and how that differs from what is deployed",
    },
    "Change machines": {
        "rollback": "make a machine run the system that it ran before its last update",
        "local": "make machines of a simulated stack fail, and heal them",
    },
    "Check and write files": {
        "validate": "check a fleet file, and report everything that is wrong with it",
        "policy": "check stacks against the rules that none may break",
        "render": "write nix/fleet.json, the hand-off to Nix",
        "schema": "write the JSON Schemas of fleet files and of deployment requests",
    },
    "Set up": {
        "state": "prepare an encrypted backend for a stack's state",
        "plugins": "make the dev stack for a `pulumi up -s dev` by hand, and list the simulated plug-ins",
        "engine": "print which Pulumi is in use and where it keeps things",
        "completion": "print the completion script of a shell",
    },
    "Develop": {
        "assess": "assess phase 0 on nix/validation, and write the results down",
        "nix-check": "check every Nix file: syntax, format, dead code and lints",
        "nix-fmt": "format every Nix file",
    },
}
"""The commands by group, with what each is for.

The module of a command has its name in this folder (`nix-check` is `nix_check.py`) and holds `EXAMPLES`, a `register`
and a `run` function. Only the module of the command that was asked for is imported: the others cost no time.
"""

COMMANDS: Mapping[str, str] = {name: purpose for group in GROUPS.values() for name, purpose in group.items()}
"""What each command is for."""

FORWARDS_OPTIONS = frozenset({"up", "preview", "refresh", "destroy", "lift"})
"""Commands that hand the options that they do not know to Pulumi, as `arguments.pulumi_options`."""

TAKES_ALL_WORDS = frozenset({"pulumi", "assess"})
"""Commands that parse nothing: all their words belong to another program, as `arguments.words`."""

RENAMED: Mapping[str, str] = {"check": "probe", "lint": "validate"}
"""Earlier names of commands. They still work and name the new one."""
