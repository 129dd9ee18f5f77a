"""Tests of finding credentials."""
