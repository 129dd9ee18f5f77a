"""Names in other scripts, and the form they have in the DNS: labels that begin with `xn--` (IDNA 2008, RFC 5891)."""

_PREFIX = "xn--"


def check_letters(name: str) -> tuple[str, str] | None:
    """Returns what is wrong with the letters of a name, and its fix: not ASCII, or an `xn--` label of nothing."""
    if not name.isascii():
        ascii_form = _ascii_form(name)
        fix = f"write it as the DNS does: '{ascii_form}'" if ascii_form else "no domain can have these: use others"
        return f"'{name}' has letters outside ASCII", fix
    for label in name.split("."):
        if label.startswith(_PREFIX) and not _stands_for_something(label):
            fix = "write what a converter for internationalized names gives, or a name without 'xn--'"
            return f"'{label}' stands for no name in another script (IDNA)", fix
    return None


def _ascii_form(name: str) -> str | None:
    import idna  # noqa: PLC0415 (most fleets have no such name)

    try:
        labels = idna.uts46_remap(name, std3_rules=False).split(".")
        return ".".join(label if label.isascii() else idna.alabel(label).decode() for label in labels)
    except idna.IDNAError:
        return None


def _stands_for_something(label: str) -> bool:
    import idna  # noqa: PLC0415 (most fleets have no such name)

    try:
        idna.ulabel(label)
    except idna.IDNAError:
        return False
    return True
