"""Tests of the simulated machines, over real OpenSSH on loopback."""
