"""Example Cloud, which does not exist."""
