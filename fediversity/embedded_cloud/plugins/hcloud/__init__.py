"""The simulated Hetzner Cloud: servers and their attachments, networks, DNS."""
