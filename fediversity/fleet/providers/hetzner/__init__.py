"""Hetzner Cloud and Hetzner DNS."""
