"""Installs the launchers of the embedded cloud as plug-ins of Pulumi."""

import os
import shutil
from collections.abc import Sequence

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.report import fresh_log, run_logged, say
from fediversity.support.constants import LOCAL_PACKAGES, LOCAL_VERSION

_ADVICE = "`./just engine` shows which Pulumi is in use and where it keeps its plug-ins."


def ensure_plugins(paths: Paths) -> Sequence[str]:
    """Installs the launcher of each local package where it is missing or differs. Returns the installed names."""
    launcher = paths.root / "scripts" / "pulumi-resource-local"
    wanted = launcher.read_bytes()
    missing = [name for name in LOCAL_PACKAGES if not _is_installed(paths, name, wanted)]
    if not missing:
        return ()
    say(f"installing the local (simulated) plug-ins: {', '.join(missing)} (about a second)")
    log = fresh_log(paths.log("plugins"))
    env = {**os.environ, "PULUMI_HOME": str(paths.pulumi_home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    for name in missing:
        folder = paths.cache / "plugins" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / f"pulumi-resource-{name}").write_bytes(wanted)
        (folder / f"pulumi-resource-{name}").chmod(0o755)
        install = ["plugin", "install", "resource", name, LOCAL_VERSION]
        # An official plug-in of that name, or an old launcher, must not count as installed.
        exactly = ["--exact", "--reinstall", "--file", str(folder)]
        pulumi = paths.pulumi_links / "pulumi"
        run_logged([pulumi, *install, *exactly], log=log, advice=_ADVICE, env=env)
    return missing


def _is_installed(paths: Paths, name: str, wanted: bytes) -> bool:
    plugin = paths.plugin(name)
    return plugin.is_file() and os.access(plugin, os.X_OK) and plugin.read_bytes() == wanted
