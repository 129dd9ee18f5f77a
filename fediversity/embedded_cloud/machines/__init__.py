"""Simulated machines: one daemon a site, an SSH server and a file system folder a machine.

`client.Datacenter` is what the provider plug-ins use; everything else belongs to the daemon.
"""
