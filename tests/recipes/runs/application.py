"""An application: a fleet file may ask for it, it is planned, and Nix is told of it."""

import re
from pathlib import Path
from typing import get_args

from fediversity.cli.main import main
from fediversity.fleet.deployments import Application, read_request

FILE = Path("stacks/dev.yaml")
text = FILE.read_text()
assert "application: mastodon" in text
FILE.write_text(text.replace("application: mastodon", "application: lemmy"))
for words in (["schema", "--check"], ["validate", "dev"], ["render", "dev"], ["plan", "dev"]):
    assert main(words) == 0, f"`fediversity {' '.join(words)}` fails"

request = {
    "application": "lemmy",
    "machine": "oak",
    "domain": "links.fleet.example",
    "initialUser": {"username": "operator", "displayName": "Operator", "email": "operator@fleet.example"},
}
assert str(read_request(request).application) == "lemmy"

modules = Path("nix/modules/services")
listed = re.findall(r'"(\w+)"', Path("nix/lib/fleet/applications.nix").read_text())
assert listed == sorted(get_args(Application))
assert [name for name in listed if not (modules / f"{name}.nix").is_file()] == [], "an application has no module"
for name in ("docs/applications.md", "docs/fleet-file.md"):
    [row] = [line for line in Path(name).read_text().splitlines() if line.startswith("| `application`")]
    assert [application for application in listed if application not in row] == [], name
