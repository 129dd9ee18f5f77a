"""`fediversity pulumi`: Pulumi's own command line, in the backend of the stack that it names."""

import argparse

EXAMPLES = (
    "fediversity pulumi stack ls",
    "fediversity pulumi stack export --stack production",
    "fediversity pulumi help",
)


def register(parser: argparse.ArgumentParser) -> None:
    """Adds this command's own arguments: everything is Pulumi's."""
    parser.usage = f"{parser.prog} [arguments of Pulumi]"


def run(arguments: argparse.Namespace) -> int:
    """Becomes Pulumi. Returns 127 if there is none."""
    from fediversity.rollout.__main__ import main  # noqa: PLC0415 (`--help` needs none of it)

    return main(["pulumi", *arguments.words])
