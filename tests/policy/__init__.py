"""Tests of the rules that no stack may break."""
