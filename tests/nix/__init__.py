"""Tests of the flake: as text, and evaluated by Nix."""
