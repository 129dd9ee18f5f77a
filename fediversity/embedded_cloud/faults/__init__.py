"""Faults of the embedded cloud: what may go wrong, where it is written down, and the commands that set it."""
