"""Runs the Pulumi command line for people: recovers from a killed run, then up, preview, refresh or destroy.

What decides is pure (`locks`, `pending`, `command`); `cli`, `processes` and `backend` touch the world.
The Pulumi SDK is not imported here, so that a command starts at once.
"""
