"""Reads what a step is told, value by value, and collects everything that is wrong or missing."""

import json
import math
from collections.abc import Mapping

from fediversity.fleet.health_checks import HealthCheck, HealthCheckError, read_health_checks
from fediversity.steps.job import StepError
from fediversity.steps.options import Words
from fediversity.steps.specs import MachineSpec

_PATIENCE = 1.0
_PATIENCE_WITH_SIMULATED = 0.1


def patience_of(text: str | None, *, simulated: bool) -> float:
    """Returns the factor on all waiting that FEDIVERSITY_PATIENCE holds. Raises StepError if it holds none."""
    if text is None:
        return _PATIENCE_WITH_SIMULATED if simulated else _PATIENCE
    try:
        patience = float(text)
    except ValueError:
        patience = math.nan
    if not 0 < patience < math.inf:
        raise StepError(f"FEDIVERSITY_PATIENCE is '{text}'; it must be a factor such as 0.5 or 3")
    return patience


class StepFacts:
    """Everything that a step is told, read value by value. `problems` collects what is wrong or missing."""

    def __init__(self, words: Words, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self.words = words
        self.problems: list[str] = []
        self._command = command
        self._environment = environment

    def flag(self, name: str) -> bool:
        """Whether an option without a value was given."""
        return name in self.words.options

    def text(self, name: str) -> str | None:
        """Returns the value of an option, None if it was not given."""
        value = self.words.options.get(name)
        return None if value is None else str(value)

    def names(self, name: str) -> tuple[str, ...]:
        """Returns the names that an option lists by commas."""
        text = self.text(name)
        return tuple(text.split(",")) if text else ()

    def whole(self, name: str) -> int | None:
        """Returns the whole number of an option, None if it was not given."""
        value = self.words.options.get(name)
        return value if isinstance(value, int) else None

    def variable(self, name: str) -> str | None:
        """Returns the value of an environment variable, None if it is not set."""
        return self._environment.get(name)

    def required(self, value: str | None, name: str, meaning: str) -> str:
        """Returns a value, and notes a problem if there is none. `name` is the option or variable it comes from."""
        if not value:
            self.problems.append(f"`{self.words.verb}` needs {name}: {meaning}")
        return value or ""

    def command(self) -> tuple[str, ...]:
        """Returns the command line of the step's tool, and notes a problem if there is none."""
        if not self._command:
            self.problems.append(f"`{self.words.verb}` needs a command after `--`")
        if self.text("class") == "darwin" and any(word.split("=")[0] == "--build-host" for word in self._command):
            self.problems.append(
                "with `--build-host`, clan would switch the build host instead of the Mac: leave it out"
            )
        return self._command

    def require_no_command(self) -> None:
        """Notes a problem if there is a command line: the runner does this kind of step itself."""
        if self._command:
            self.problems.append(f"`{self.words.verb}` runs no command: nothing may stand after `--`")

    def machine(self) -> MachineSpec:
        """Returns the step's machine. The subject names it, except where the subject is a deployment."""
        name = self.text("machine")
        if self.words.verb == "apply":
            name = self.required(name, "--machine", "the machine that the deployment goes to")
        return MachineSpec(
            name=name or self.words.subject,
            address=self.required(self.variable("FEDIVERSITY_ADDRESS"), "FEDIVERSITY_ADDRESS", "the machine's address"),
            fleet=self.text("fleet") or "",
            user=self.text("user") or "root",
            port=self.whole("port") or 22,
            machine_class="darwin" if self.text("class") == "darwin" else "nixos",
        )

    def number(self, name: str) -> int | None:
        """Returns the whole number of an environment variable, None if it is not set."""
        text = self.variable(name)
        try:
            return None if text is None else int(text)
        except ValueError:
            self.problems.append(f"{name} is '{text}', which is no whole number")
            return None

    def patience(self) -> float:
        """Returns the factor on all waiting."""
        try:
            return patience_of(self.variable("FEDIVERSITY_PATIENCE"), simulated=self.flag("simulated"))
        except StepError as error:
            self.problems.append(error.reason)
            return _PATIENCE

    def checks(self) -> tuple[HealthCheck, ...]:
        """Returns the health checks that must hold after the step."""
        try:
            return read_health_checks(json.loads(self.variable("FEDIVERSITY_CHECKS") or "[]"))
        except HealthCheckError as error:
            self.problems += [f"FEDIVERSITY_CHECKS: {line}" for line in str(error).splitlines()]
        except ValueError:
            self.problems.append("FEDIVERSITY_CHECKS is not JSON")
        return ()

    def deployment(self) -> Mapping[str, object]:
        """Returns the deployment as the fleet file asks for it."""
        name = "FEDIVERSITY_DEPLOYMENT"
        text = self.required(self.variable(name), name, "the deployment as the fleet file asks for it, in JSON")
        try:
            value = json.loads(text or "{}")
        except ValueError:
            self.problems.append(f"{name} is not JSON")
            return {}
        if not isinstance(value, dict):
            self.problems.append(f"{name} is not a JSON object")
            return {}
        return value
