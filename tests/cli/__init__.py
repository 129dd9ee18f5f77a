"""Tests of the `fediversity` command."""
