"""Faults of the embedded cloud: the kinds, the store, and the commands that set and heal them."""
