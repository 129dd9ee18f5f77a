"""The embedded cloud under its earlier name, for plug-in launchers that an earlier version installed."""
