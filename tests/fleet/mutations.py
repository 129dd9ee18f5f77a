"""Fleet files made nasty at random, the same each time for the same seed."""

import random

JUNK = (
    *("", "~", "''", "[]", "{}", "[x]", "{a: b}", "- -", "? x", "|", "'", '"', "=", "é", "\t", "\u202e"),
    *("-1", "0", "1e999", ".nan", "0o7", "true", "no", "2026-01-01", "99999999999999999999"),
    *("*a", "&a [*a]", "<<: {a: 1}", "{'{x}': '{y}'}", "[[[]]]", "a: b: c", "[key]", "{kind: []}", "{kind: gcp}"),
    *("kind", "hetzner", "nixos", "{hetzner: {}}", "!!int ''", "!!float x", "!!bool x", "!!null x", "!!set {a}"),
    *("!!python/object:os.system x", "!!binary x", "!own x", "[oak, oak]", "[cinnabar, stibnite]", "tag:", "[tag:]"),
)


def mutated(text: str, chance: random.Random) -> str:
    """The text with one to five lines deleted, doubled, moved to another depth, or with junk for a value or inside."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for _ in range(chance.choice([1, 1, 2, 5])):
        at, junk = chance.randrange(len(lines)), chance.choice(JUNK)
        line = lines[at]
        key = line.partition(":")[0]
        inside = chance.randrange(len(line) + 1)
        lines[at : at + 1] = chance.choice(
            [
                [],
                [line, line],
                [" " * chance.randrange(6) + line.lstrip()],
                [f"{key}: {junk}"],
                [line.replace(": ", f": {junk} # ", 1)],
                [line[:inside] + junk + line[inside:]],
                [line.replace("[", f"[{junk}, ", 1)],
            ]
        )
    return "\n".join(lines) + "\n"
