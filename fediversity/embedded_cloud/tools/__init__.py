"""Simulations of `clan`, `nixops4`, `nix` and `darwin-rebuild`: the real grammar, real SSH, simulated contents.

They use the standard library only, so that a command starts as fast as Python does.
"""
