"""What things may be called."""

from collections.abc import Iterator

from fediversity.policy.resources import Breach, DeclaredResource, Stack


def server_names(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """No server is called like an address, which programs would take for one."""
    del stack
    name = declared.inputs.get("name")
    if declared.facts.role == "server" and isinstance(name, str) and name.replace("-", "").isdecimal():
        yield Breach(f"is called '{name}', which looks like an address", "begin its name with a letter", declared.where)
