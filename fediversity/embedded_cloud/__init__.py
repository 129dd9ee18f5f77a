"""The embedded cloud of the dev stack: simulated provider plug-ins, machines and tools. No other package imports it."""
