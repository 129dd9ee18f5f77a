"""Tests of what the program declares, recorded where the engine would hear of it."""
