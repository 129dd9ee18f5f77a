"""Tests of the simulated tools, against simulated machines where they deploy."""
