"""Names of files that several rooms agree on. Apart from them, so that small programs need not load the models."""

FLEET_JSON = "fleet.json"
"""The hand-off to Nix, inside the flake."""
