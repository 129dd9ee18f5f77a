"""Tests of what Nix says of machines."""
