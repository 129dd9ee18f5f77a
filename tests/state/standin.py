"""Stand-ins for `gcloud` and `aws`: strict about what is asked of them, with a memory in a JSON file.

They take the commands of grammar.json and refuse every other flag, as the real ones do; they refuse what the clouds
refuse, in their words and with their exit status. No cloud is talked to.
"""

import json
import os
import sys
from pathlib import Path

from tests.state.amazon_cloud import aws
from tests.state.google_cloud import gcloud
from tests.state.refusing import EMPTY, Cloud, Flags, RefusedError

GRAMMAR = json.loads(Path(__file__).with_name("grammar.json").read_text())


def parse(tool: str, words: list[str]) -> tuple[str, str, Flags]:
    """The command, its positional argument, and its flags. Raises RefusedError for what is not in the grammar."""
    commands = GRAMMAR[tool]["commands"]
    length = 3 if tool == "gcloud" else 2
    name, rest = " ".join(words[:length]), words[length:]
    misuse = 2 if tool == "gcloud" else 252
    if name not in commands:
        raise RefusedError(misuse, f"ERROR: ({tool}) Invalid choice: '{name}'")
    known = commands[name]
    values, switches = {*known["values"], *GRAMMAR[tool]["wide"]}, set(known.get("switches", ()))
    flags: dict[str, str] = {}
    positional = ""
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        if not word.startswith("--"):
            if "positional" not in known or positional:
                raise RefusedError(misuse, f"ERROR: ({tool}) unrecognized arguments: {word}")
            positional = word
        elif flag in switches and not equals:
            flags[flag] = "yes"
        elif flag in values:
            if not equals and not rest:
                raise RefusedError(misuse, f"ERROR: ({tool}) argument {flag}: expected one argument")
            flags[flag] = value if equals else rest.pop(0)
        else:
            raise RefusedError(misuse, f"ERROR: ({tool}.{'.'.join(words[:length])}) unrecognized arguments: {word}")
    missing = [flag for flag in known["required"] if flag not in flags]
    missing += [known["positional"]] if known.get("positional") and not positional else []
    if missing:
        raise RefusedError(misuse, f"ERROR: ({tool}) the following arguments are required: {', '.join(missing)}")
    return name, positional, flags


def main(tool: str, words: list[str]) -> int:
    """Acts one command out and gives its exit status."""
    file = Path(os.environ["STANDIN_CLOUD"])
    cloud: Cloud = {**EMPTY, **(json.loads(file.read_text()) if file.exists() else {})}
    try:
        command, positional, flags = parse(tool, words)
        cloud["calls"] = [*cloud["calls"], command]
        answer = (gcloud if tool == "gcloud" else aws)(cloud, command, positional, flags)
    except RefusedError as refused:
        print(refused.text, file=sys.stderr)
        return refused.status
    finally:
        file.write_text(json.dumps(cloud))
    if answer is not None:
        print(json.dumps(answer))
    return 0
