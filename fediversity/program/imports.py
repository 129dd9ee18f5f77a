"""Taking over what exists in a cloud already."""

import pulumi

EVERYTHING = ["*"]
"""All properties, where those are listed whose changes are ignored."""


def adoptable(parent: pulumi.Resource, id_: str | None, *, protect: bool) -> pulumi.ResourceOptions:
    """How the engine is to treat a resource that may exist already, by its id in the cloud; None if it is to be made.

    What is taken over stays exactly as it is while the fleet file says `import:`; the engine would refuse to take over
    what differs from the program in anything, a label included. Without the word its settings are brought in line.
    """
    if id_ is None:
        return pulumi.ResourceOptions(parent=parent, protect=protect)
    return pulumi.ResourceOptions(parent=parent, protect=protect, import_=id_, ignore_changes=EVERYTHING)
