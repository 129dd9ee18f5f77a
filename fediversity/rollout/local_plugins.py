"""The embedded cloud's plug-ins in one process of their own, started while this one plans.

Pulumi would start a process for each, one after the other, and only when it comes to their resources. It attaches to
these instead. They end when Pulumi is gone, also after SIGKILL: Pulumi gets the other end of the pipe that they read.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fediversity.project.settings import Settings

_ATTACH = "PULUMI_DEBUG_PROVIDERS"
_END_SECONDS = 10.0


@dataclass
class LocalPlugins:
    """A process that serves plug-ins. `pipe` is to be held open by whatever they shall live as long as."""

    process: subprocess.Popen[str]
    pipe: int
    _ports: str | None = field(default=None, init=False)

    @property
    def variables(self) -> Mapping[str, str]:
        """What tells Pulumi where they are, once they are ready; nothing if they could not start.

        Then Pulumi starts those that are installed, and says itself what is wrong with them.
        """
        if self._ports is None and self.process.stdout is not None:
            self._ports = self.process.stdout.readline().strip()
        return {_ATTACH: self._ports} if self._ports else {}


@contextlib.contextmanager
def local_plugins(settings: Settings, root: Path, environment: Mapping[str, str]) -> Iterator[LocalPlugins | None]:
    """Starts the plug-ins that a stack's settings want simulated; None if there are none.

    A person who attaches plug-ins of their own (PULUMI_DEBUG_PROVIDERS) gets those.
    """
    packages = [package for package, plugin in settings.plugins.items() if plugin == "local"]
    packages += ["simulated"] if settings.simulated else []
    if not packages or environment.get(_ATTACH):
        yield None
        return
    reads, pipe = os.pipe()
    command = [
        sys.executable,
        "-m",
        "fediversity.embedded_cloud.plugins",
        "together",
        "--for",
        str(os.getpid()),
        *packages,
    ]
    try:
        # In a process group of its own, as Pulumi starts plug-ins: Ctrl-C is for Pulumi, which ends them in order.
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdin=reads, stdout=subprocess.PIPE, text=True, process_group=0
        )
    except OSError:
        os.close(pipe)
        raise
    finally:
        os.close(reads)
    try:
        yield LocalPlugins(process, pipe)
    finally:
        os.close(pipe)
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Waits for the end of plug-ins that have noticed it; ends those that have not."""
    if process.stdout is not None:
        process.stdout.close()
    for end in (process.terminate, process.kill):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
            return
        end()
    process.wait()
