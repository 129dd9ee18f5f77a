"""Tests of the step runner: real processes, the real OpenSSH client, and machines with scripted answers."""
