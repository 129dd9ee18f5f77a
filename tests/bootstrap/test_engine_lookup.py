"""Which engine is chosen, and what is said when one cannot be used."""

from pathlib import Path

import pytest

from fediversity.bootstrap import pulumi as engine_module
from fediversity.bootstrap.pulumi import ensure_pulumi, find_pulumi
from fediversity.bootstrap.release import PINS, go_version, module_version, numbers, pinned_release
from fediversity.bootstrap.report import BootstrapError
from tests.bootstrap.conftest import ROOT, Computer


def test_the_engine_that_is_named_wins_over_the_one_on_path(computer: Computer, tmp_path: Path) -> None:
    computer.pulumi()
    named = computer.pulumi(tmp_path / "opt")
    engine = find_pulumi(computer.places, {**computer.environ, "FEDIVERSITY_PULUMI": str(named)})
    assert engine is not None
    assert engine.program == named


def test_a_named_engine_that_does_not_run_is_an_error_and_not_passed_over(computer: Computer) -> None:
    computer.pulumi()
    with pytest.raises(BootstrapError, match="FEDIVERSITY_PULUMI=/nowhere/pulumi cannot be used"):
        find_pulumi(computer.places, {**computer.environ, "FEDIVERSITY_PULUMI": "/nowhere/pulumi"})


def test_a_fitting_engine_on_path_is_used(computer: Computer) -> None:
    installed = computer.pulumi(version="v3.200.0")
    engine = find_pulumi(computer.places, computer.environ)
    assert engine is not None
    assert (engine.program, engine.origin) == (installed, "PATH")


def test_an_engine_on_path_that_is_too_old_is_passed_over_in_words(
    computer: Computer, capsys: pytest.CaptureFixture[str]
) -> None:
    computer.pulumi(version="v3.199.9")
    assert find_pulumi(computer.places, computer.environ) is None
    assert "it is v3.199.9, and 3.200.0 or newer is needed" in capsys.readouterr().err


def test_an_engine_without_the_python_language_host_is_passed_over_in_words(
    computer: Computer, capsys: pytest.CaptureFixture[str]
) -> None:
    computer.program("pulumi", "echo v3.259.0")
    assert find_pulumi(computer.places, computer.environ) is None
    assert "pulumi-language-python is neither beside it nor on PATH" in capsys.readouterr().err


def test_the_links_of_the_last_set_up_are_not_taken_for_the_computers_own_engine(computer: Computer) -> None:
    computer.pulumi(computer.places.pulumi_links)
    environ = {**computer.environ, "PATH": f"{computer.places.pulumi_links}:{computer.environ['PATH']}"}
    assert find_pulumi(computer.places, environ) is None


def test_only_the_engines_programs_are_linked(computer: Computer) -> None:
    installed = computer.pulumi()
    computer.program("unrelated", "")
    ensure_pulumi(computer.places, computer.environ)
    links = {link.name: link.readlink() for link in computer.places.pulumi_links.iterdir()}
    assert links == {"pulumi": installed, "pulumi-language-python": installed.with_name("pulumi-language-python")}


def test_what_a_killed_build_left_is_removed_by_the_next_one(
    computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_over = computer.places.pulumi_versions / ".unfinished-abc" / "modules"
    left_over.mkdir(parents=True)

    def build(_: object, bin_folder: Path, __: Path) -> None:
        computer.pulumi(bin_folder)

    monkeypatch.setattr(engine_module, "build", build)
    ensure_pulumi(computer.places, {**computer.environ, "FEDIVERSITY_ENGINE_MIRROR": "http://127.0.0.1:9"})
    assert [path.name.startswith("v3.259.0-") for path in computer.places.pulumi_versions.iterdir()] == [True]


def test_a_build_that_fails_leaves_no_engine_behind(computer: Computer, monkeypatch: pytest.MonkeyPatch) -> None:
    def build(_: object, bin_folder: Path, __: Path) -> None:
        computer.pulumi(bin_folder)
        raise BootstrapError("the proxy is away")

    monkeypatch.setattr(engine_module, "build", build)
    with pytest.raises(BootstrapError, match="the proxy is away"):
        ensure_pulumi(computer.places, {**computer.environ, "FEDIVERSITY_ENGINE_MIRROR": "http://127.0.0.1:9"})
    assert list(computer.places.pulumi_versions.iterdir()) == []


def test_a_changed_pin_is_another_engine(computer: Computer) -> None:
    built = engine_module._built(computer.places)
    with (computer.places.root / PINS / "go.sum").open("a") as sums:
        sums.write("\n")
    assert engine_module._built(computer.places) != built


def test_the_pins_are_read_from_the_go_modules() -> None:
    go_mod = (ROOT / PINS / "go.mod").read_text()
    language = (ROOT / PINS / "language" / "go.mod").read_text()
    assert pinned_release(ROOT).version == module_version(go_mod, "github.com/pulumi/pulumi/pkg/v3")
    assert module_version(language, "github.com/pulumi/pulumi/sdk/v3") == "3.79.0"
    assert go_version(go_mod) >= (1, 25)


@pytest.mark.parametrize(("text", "version"), [("v3.259.0", (3, 259, 0)), ("go1.26.8", (1, 26, 8)), ("dev", ())])
def test_versions_are_compared_by_their_numbers(text: str, version: tuple[int, ...]) -> None:
    assert numbers(text) == version
