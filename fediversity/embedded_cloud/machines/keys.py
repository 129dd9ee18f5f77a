"""Generates SSH keys of simulated machines and checks the keys of clients."""

import asyncssh


def new_host_key() -> bytes:
    """Returns a new Ed25519 private key in OpenSSH's format."""
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh")


def is_listed(key: asyncssh.SSHKey, authorized: str) -> bool:
    """Returns whether a client's key is in the text of an `authorized_keys` file."""
    offered = key.export_public_key("openssh").split()[:2]
    return any(line.encode().split()[:2] == offered for line in authorized.splitlines())
