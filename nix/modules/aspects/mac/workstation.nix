# A Mac that a person works at: everything below this folder that every Mac of the fleet has.
{ config, ... }:
let
  inherit (config.flake.modules) darwin;
in
{
  flake.modules.darwin.workstation = {
    imports = [
      darwin.remote-updates
      darwin.homebrew
      darwin.mesh
      darwin.preferences
      darwin.shell
      darwin.development
    ];

    # A fingerprint instead of a password, for the person in front of it.
    security.pam.services.sudo_local.touchIdAuth = true;
  };
}
