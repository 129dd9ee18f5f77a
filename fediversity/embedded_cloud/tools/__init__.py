"""Stand-ins for `clan`, `nixops4`, `nix` and `darwin-rebuild`: the real grammar, real SSH, simulated contents.

Only the standard library, so that a command line starts as fast as Python does.
"""
