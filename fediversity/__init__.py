"""Fediversity: one Pulumi program for a fleet of NixOS servers and Macs."""
