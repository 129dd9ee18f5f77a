"""Evaluates each machine's system with Nix, where it is installed, and compares it with what the machine runs."""
