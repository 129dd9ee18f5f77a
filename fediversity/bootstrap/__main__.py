"""`python -m fediversity.bootstrap` makes the checkout ready; with `status` it says what is in use."""

import os
import sys
from pathlib import Path

from fediversity.bootstrap.engine import ensure_engine, examine
from fediversity.bootstrap.lock import only_one
from fediversity.bootstrap.places import LOCAL_PACKAGES, LOCAL_VERSION, Places
from fediversity.bootstrap.plugins import ensure_plugins
from fediversity.bootstrap.report import BootstrapError
from fediversity.bootstrap.venv import ensure_venv

_ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    places = Places.of(_ROOT, os.environ)
    try:
        if arguments == ["status"]:
            _status(places)
        else:
            _set_up(places)
    except BootstrapError as error:
        print(f"fediversity: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _set_up(places: Places) -> None:
    with only_one(places.cache / "set-up.lock"):
        ensure_venv(places)
        ensure_engine(places, os.environ)
        ensure_plugins(places)


def _status(places: Places) -> None:
    problem, engine = examine(places.engine_links / "pulumi", "in use", os.environ)
    print(f"engine    {f'{engine.version}, {engine.pulumi.resolve()}' if engine else problem}")
    print(f"cache     {places.cache}")
    for name in LOCAL_PACKAGES:
        there = "installed" if places.plugin(name).is_file() else "missing: run ./just plugins"
        print(f"plug-in   {name} {LOCAL_VERSION} (simulated): {there}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
