"""The embedded cloud of the dev stack: simulated provider plug-ins, machines and tools. Nothing imports it."""
