# First Mac of the migration: what it imports the others import too, and differ below by a few lines.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) darwin;
in
{
  flake.modules.darwin."machines/blackphos" = {
    imports = [
      darwin.base
      darwin.workstation
      darwin.user-crs58
    ];

    networking.hostName = "blackphos";
    nixpkgs.hostPlatform = fleet.machines.blackphos.system;
    system.stateVersion = 4;
    system.primaryUser = "crs58";
    users.users.crs58.uid = 502;

    homebrew.casks = [
      "dbeaver-community"
      "gpg-suite"
      "inkscape"
    ];
  };
}
