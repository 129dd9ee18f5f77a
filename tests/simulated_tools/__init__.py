"""Tests of the stand-in tools, against simulated machines where they deploy."""
