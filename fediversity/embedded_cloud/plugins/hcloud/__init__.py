"""The simulated Hetzner Cloud: servers and what belongs to them, networks, DNS."""
