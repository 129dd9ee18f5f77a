"""Rules against loss: protection, versions, encryption."""

from collections.abc import Iterator

from fediversity.policy.resources import UNSEEN, Breach, DeclaredResource, Stack


def protection(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Checks that what holds data or an address is protected in Pulumi and at its cloud."""
    if declared.facts.kept_by is None or not stack.policy.protected:
        return
    machine = stack.machine_of(declared)
    if machine is not None and machine.destroy:
        return  # A person has named the one server that may go, which nothing protected could.
    open_ = [] if declared.protect else ["protect"]
    for name, wanted in declared.facts.kept_by.items():
        found = declared.inputs.get(name, False)
        open_ += [name] if found is not UNSEEN and found is not wanted else []
    if not open_:
        return
    what = f"is not kept from being deleted ({', '.join(open_)})"
    if not stack.settings.protect:
        fix = "write `fediversity:protect: true`, or `policy.protected: false` for a fleet that may go away"
        yield Breach(what, fix, setting="fediversity:protect")
    elif declared.where[:1] == ("buckets",):
        yield Breach(what, "leave `keep_objects` true", (*declared.where, "keep_objects"))
    else:
        yield Breach(what, "leave `protect` out or write `protect: true`", (*declared.where, "protect"))


def versioned_buckets(declared: DeclaredResource, stack: Stack) -> Iterator[Breach]:
    """Checks that buckets keep older versions of what is written over or deleted."""
    del stack
    if declared.facts.role != "bucket":
        return
    versioning = declared.inputs.get("versioning", {})
    if versioning is not UNSEEN and versioning.get("enabled", False) is False:
        yield Breach("keeps no older versions", "leave `versioning` true", (*declared.where, "versioning"))


def encrypted_disks(stack: Stack) -> Iterator[Breach]:
    """Checks that the disks of machines that stand in a cloud are encrypted."""
    for name, machine in stack.fleet.enabled_machines.items():
        if machine.installed_by_us and not machine.disk.encrypted and name not in stack.policy.unencrypted:
            fix = "write `disk: {encrypted: true}`, or name the machine under `policy.unencrypted`"
            yield Breach("the disk is not encrypted", fix, ("machines", name, "disk"))
