"""Official plug-ins: found where the engine finds them, and all missing ones said at once."""

from pathlib import Path

import pytest

from fediversity.project.settings import parse_settings, with_plugins
from fediversity.rollout.offline_preview import without_secrets
from fediversity.rollout.plugin_check import require_official
from fediversity.rollout.pulumi_cli import PulumiCli
from fediversity.support.errors import RefusedError
from tests.planning.samples import every_kind, one_server

REAL = parse_settings("production", {"fleet": "stacks/production.yaml"})


def engine(home: Path, **variables: str) -> PulumiCli:
    """An engine with this home, which may not download anything."""
    off = {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true", "PATH": ""}
    return PulumiCli(home, {"PULUMI_HOME": str(home), **off, **variables})


def test_what_is_installed_in_the_version_of_its_sdk_is_enough(tmp_path: Path) -> None:
    for name in ("hcloud-v1.43.3", "gcp-v10.2.0", "command-v1.2.1"):
        (tmp_path / "plugins" / f"resource-{name}").mkdir(parents=True)
    require_official(REAL, every_kind(), engine(tmp_path))


def test_what_is_on_path_is_enough(tmp_path: Path) -> None:
    for name in ("hcloud", "gcp", "command"):
        (tmp_path / f"pulumi-resource-{name}").touch(0o755)
    require_official(REAL, every_kind(), engine(tmp_path, PATH=str(tmp_path)))


def test_a_fleet_needs_only_the_plug_ins_of_its_clouds(tmp_path: Path) -> None:
    (tmp_path / "plugins" / "resource-hcloud-v0.0.0-local").mkdir(parents=True)
    with pytest.raises(RefusedError) as refused:
        require_official(REAL, one_server(), engine(tmp_path))
    assert "hcloud 1.43.3" in str(refused.value)
    assert "command 1.2.1" in str(refused.value)
    assert "gcp" not in str(refused.value)


def test_one_that_cannot_be_downloaded_is_missing_in_the_engine_s_own_words(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'error: no route to host' >&2\nexit 255\n")
    program.chmod(0o755)
    downloads = {"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "false", "PATH": f"{program.parent}:/bin:/usr/bin"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", downloads["PATH"])
        with pytest.raises(RefusedError, match=r"command 1\.2\.1: .*no route to host"):
            require_official(REAL, one_server(), engine(tmp_path, **downloads))


def test_simulated_plug_ins_are_not_looked_for(tmp_path: Path) -> None:
    require_official(with_plugins(REAL, "local"), every_kind(), engine(tmp_path))


def test_a_stack_s_file_without_its_secrets_keeps_the_rest() -> None:
    file = {
        "secretsprovider": "gcpkms://x",
        "encryptedkey": "x",
        "encryptionsalt": "v1:x",
        "config": {"fediversity:fleet": "stacks/x.yaml", "hcloud:token": {"secure": "v1:x"}, "fediversity:plugins": {}},
    }
    assert without_secrets(file) == {"config": {"fediversity:fleet": "stacks/x.yaml", "fediversity:plugins": {}}}
    assert without_secrets({}) == {"config": {}}
