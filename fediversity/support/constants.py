"""Facts that several rooms need and none of them owns."""

LOCAL_PACKAGES = ("hcloud", "gcp", "command", "simulated")
"""The packages that the embedded cloud has plug-ins for."""

LOCAL_VERSION = "0.0.0-local"
"""The version of the embedded cloud's plug-ins. No release has it, so neither is ever taken for the other."""

INSTALLER_MEMORY_MIB = 1536
"""The memory that nixos-anywhere needs for its kexec step: 1.5 GB without swap (its docs/requirements.md)."""

ZEROTIER_PORT = 9993
"""The UDP port on which ZeroTier listens."""
