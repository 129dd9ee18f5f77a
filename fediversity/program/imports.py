"""Taking over what exists in a cloud already."""

import pulumi

EVERYTHING = ["*"]
"""All properties, in a list of properties that Pulumi ignores changes of."""


def adoptable(parent: pulumi.Resource, id_: str | None, *, protect: bool) -> pulumi.ResourceOptions:
    """Returns the options of a resource that may exist already, by its id in the cloud; None if it is to be made.

    What is taken over stays exactly as it is while the fleet file says `import:`; Pulumi would refuse to take over
    what differs from the program in anything, a label included. Without the word its settings are brought in line.
    """
    if id_ is None:
        return pulumi.ResourceOptions(parent=parent, protect=protect)
    return pulumi.ResourceOptions(parent=parent, protect=protect, import_=id_, ignore_changes=EVERYTHING)
