"""Times and durations in words, for people."""

_UNITS = (("day", 86400), ("h", 3600), ("min", 60), ("s", 1))


def ago(seconds: float) -> str:
    """Returns how long ago something was, in its largest unit: `3 min ago`."""
    whole = max(0, int(seconds))
    for name, length in _UNITS:
        if whole >= length:
            count = whole // length
            return f"{count} {name}{'s' if name == 'day' and count > 1 else ''} ago"
    return "just now"


def took(seconds: float) -> str:
    """Returns how long something took: `3.2 s`, `2 min 5 s`, `1 h 4 min`."""
    if seconds < 60:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
