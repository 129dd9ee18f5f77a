"""The committed script `./just`, in a checkout of its own whose set-up is a stand-in that only writes a log."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from fediversity.bootstrap.release import PINS

ROOT = Path(__file__).parents[2]

_SET_UP = """
import os, pathlib, sys
root, home = pathlib.Path.cwd(), pathlib.Path(os.environ["PULUMI_HOME"])
with open("set-up.log", "a") as log:
    print("set up", file=log)
if pathlib.Path("broken").exists():
    print("fediversity: no package index", file=sys.stderr)
    sys.exit(1)
def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
write(root / ".venv/bin/just", '#!/bin/sh\\nprintf "%s\\\\n" "$PATH" "$@"\\n')
write(root / ".venv/engine/pulumi", "#!/bin/sh\\n")
write(root / ".venv/bin/fediversity", '#!/bin/sh\\nprintf "%s\\\\n" "$PATH" "$VIRTUAL_ENV" "$PULUMI_HOME" "$@"\\n')
for name in ("hcloud", "gcp", "command", "simulated"):
    launcher = pathlib.Path("scripts/pulumi-resource-local").read_text()
    write(home / "plugins" / f"resource-{name}-v0.0.0-local" / f"pulumi-resource-{name}", launcher)
"""


@dataclass(frozen=True)
class Checkout:
    """A checkout with the real `just` and a stand-in for everything it sets up."""

    root: Path
    home: Path

    def just(self, *arguments: str, cwd: Path | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
        return self._run(self.root / "just", arguments, cwd, extra)

    def other_just(self, *arguments: str, cwd: Path | None = None, **extra: str) -> subprocess.CompletedProcess[str]:
        """Start the program `just` itself, as somebody does who has it on PATH, and not ./just."""
        return self._run(Path(sys.executable).parent / "just", arguments, cwd, extra)

    def _run(
        self, program: Path, arguments: Sequence[str], cwd: Path | None, extra: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        python = Path(sys.executable).parent
        environ = {"HOME": str(self.home), "PATH": f"{python}:/usr/bin:/bin", **extra}
        return subprocess.run(
            [program, *arguments],
            cwd=cwd or self.root,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def set_ups(self) -> int:
        log = self.root / "set-up.log"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root, home = tmp_path / "a checkout", tmp_path / "home"
    (root / "fediversity" / "bootstrap").mkdir(parents=True)
    (root / "fediversity" / "__init__.py").touch()
    (root / "fediversity" / "bootstrap" / "__init__.py").touch()
    (root / "fediversity" / "bootstrap" / "__main__.py").write_text(_SET_UP)
    (root / PINS / "language").mkdir(parents=True)
    (root / "scripts").mkdir()
    home.mkdir()
    pinned = ("pyproject.toml", "requirements.txt", "scripts/pulumi-resource-local", f"{PINS}/go.mod", f"{PINS}/go.sum")
    for name in ("just", "Justfile", *pinned, f"{PINS}/language/go.mod", f"{PINS}/language/go.sum"):
        shutil.copy(ROOT / name, root / name)
    return Checkout(root, home)


def test_the_first_start_sets_up_and_the_second_does_not(checkout: Checkout) -> None:
    assert checkout.just().returncode == 0
    assert checkout.just().returncode == 0
    assert checkout.set_ups() == 1


def test_a_start_without_arguments_lists_the_recipes(checkout: Checkout) -> None:
    assert checkout.just().stdout.splitlines()[-1] == "--list"


def test_arguments_reach_the_recipe_whole(checkout: Checkout) -> None:
    assert checkout.just("up", "two words", "*").stdout.splitlines()[-3:] == ["up", "two words", "*"]


def test_it_works_from_any_folder(checkout: Checkout, tmp_path: Path) -> None:
    assert f"--justfile\n{checkout.root}/Justfile" in checkout.just("up", cwd=tmp_path).stdout
    assert checkout.just(cwd=checkout.root / "scripts").returncode == 0
    assert checkout.set_ups() == 1


def test_the_virtual_environment_comes_first_on_path_then_the_engine(checkout: Checkout) -> None:
    path = checkout.just().stdout.splitlines()[0].split(":")
    assert path[:2] == [f"{checkout.root}/.venv/bin", f"{checkout.root}/.venv/engine"]


def test_a_start_from_within_a_recipe_sets_nothing_up_again(checkout: Checkout) -> None:
    path = checkout.just().stdout.splitlines()[0]
    inner = checkout.just(PATH=path)
    assert checkout.set_ups() == 1
    assert inner.stdout.splitlines()[0] == path, "PATH must not grow with every level"


@pytest.mark.parametrize(
    "changed", ["requirements.txt", "pyproject.toml", f"{PINS}/go.mod", f"{PINS}/language/go.sum", "just"]
)
def test_a_changed_input_sets_up_again(checkout: Checkout, changed: str) -> None:
    checkout.just()
    with (checkout.root / changed).open("a") as file:
        file.write("# changed\n")
    checkout.just()
    checkout.just()
    assert checkout.set_ups() == 2


@pytest.mark.parametrize("missing", [".venv/engine/pulumi", ".venv/bin/just", ".venv/ready"])
def test_a_missing_part_of_the_checkout_sets_up_again(checkout: Checkout, missing: str) -> None:
    checkout.just()
    (checkout.root / missing).unlink()
    checkout.just()
    assert checkout.set_ups() == 2


def test_a_missing_or_foreign_plug_in_sets_up_again(checkout: Checkout) -> None:
    checkout.just()
    plugin = checkout.home / ".pulumi/plugins/resource-gcp-v0.0.0-local/pulumi-resource-gcp"
    plugin.unlink()
    checkout.just()
    assert checkout.set_ups() == 2
    plugin.write_text("#!/bin/sh\n# of an older checkout\n")
    checkout.just()
    assert checkout.set_ups() == 3


def test_another_engine_on_path_or_by_name_sets_up_again(checkout: Checkout, tmp_path: Path) -> None:
    checkout.just()
    checkout.just(FEDIVERSITY_PULUMI="/opt/pulumi/pulumi")
    assert checkout.set_ups() == 2
    installed = tmp_path / "bin" / "pulumi"
    installed.parent.mkdir()
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    checkout.just(PATH=f"{installed.parent}:{os.environ['PATH']}")
    assert checkout.set_ups() == 3


def test_a_moved_checkout_is_set_up_again(checkout: Checkout, tmp_path: Path) -> None:
    checkout.just()
    moved = Checkout(checkout.root.rename(tmp_path / "moved"), checkout.home)
    moved.just()
    assert moved.set_ups() == 2


def test_a_failed_set_up_stops_the_command_and_is_tried_again(checkout: Checkout) -> None:
    (checkout.root / "broken").touch()
    failed = checkout.just("up")
    assert failed.returncode == 1
    assert failed.stdout == "", "no recipe may run in a checkout that is not ready"
    assert "no package index" in failed.stderr
    (checkout.root / "broken").unlink()
    assert checkout.just("up").returncode == 0
    assert checkout.set_ups() == 2


def test_an_old_python_is_refused_in_words(checkout: Checkout, tmp_path: Path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    for name in ("cksum", "cat", "rm", "mv"):
        (bin_folder / name).symlink_to(shutil.which(name) or name)
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        (bin_folder / name).write_text("#!/bin/sh\nexit 1\n")
        (bin_folder / name).chmod(0o755)
    refused = checkout.just("up", PATH=str(bin_folder))
    assert refused.returncode == 1
    assert "Python 3.11 or newer is needed" in refused.stderr


def test_a_second_start_costs_less_than_a_third_of_a_second(checkout: Checkout) -> None:
    checkout.just()
    times = []
    for _ in range(5):
        before = time.perf_counter()
        checkout.just()
        times.append(time.perf_counter() - before)
    assert checkout.set_ups() == 1
    assert statistics.median(times) < 0.3, f"seconds of each start: {times}"


def test_another_just_leads_to_the_set_up_and_the_same_environment(checkout: Checkout) -> None:
    first = checkout.other_just("plan")
    assert first.returncode == 0, first.stderr
    path, *rest = first.stdout.splitlines()
    assert path.split(":")[:2] == [f"{checkout.root}/.venv/bin", f"{checkout.root}/.venv/engine"]
    assert rest == [f"{checkout.root}/.venv", f"{checkout.home}/.pulumi", "plan", "dev"]
    assert checkout.other_just("plan", cwd=checkout.root / "scripts").stdout == first.stdout
    assert checkout.set_ups() == 1


def test_another_just_runs_no_recipe_when_the_set_up_fails_and_shows_why(checkout: Checkout) -> None:
    (checkout.root / "broken").touch()
    failed = checkout.other_just("plan")
    assert failed.returncode != 0
    assert failed.stdout == ""
    assert "no package index" in failed.stderr


def test_another_just_lists_the_recipes_without_setting_anything_up(checkout: Checkout) -> None:
    assert "    up stack='dev'" in checkout.other_just("--list").stdout
    assert checkout.set_ups() == 0


def test_the_justfile_believes_a_start_by_our_own_script(checkout: Checkout) -> None:
    checkout.just()
    path = checkout.just().stdout.splitlines()[0]
    inner = checkout.other_just("plan", PATH=path, FEDIVERSITY_READY=str(checkout.root))
    assert inner.stdout.splitlines()[0] == path, "PATH must not grow with every level"
