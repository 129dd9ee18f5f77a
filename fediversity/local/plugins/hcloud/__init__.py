"""The simulated Hetzner Cloud: SSH keys, firewalls, primary IPs, servers, DNS zones and record sets."""
