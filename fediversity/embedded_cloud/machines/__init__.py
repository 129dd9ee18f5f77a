"""Simulated machines: one daemon per site; one SSH server and one file system folder per machine.

The provider plug-ins use only `client.Datacenter`; all other modules belong to the daemon.
"""
