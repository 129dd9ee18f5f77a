"""Tests of the fleet file: what it may say, how it is refused, and what is handed on of it."""
