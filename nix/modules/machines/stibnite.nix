# Primary workstation; the fleet is usually rolled out from here, so it is updated last.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) darwin;
in
{
  flake.modules.darwin."machines/stibnite" = {
    imports = [
      darwin.base
      darwin.workstation
      darwin.user-crs58
      darwin.linux-builder
    ];

    networking.hostName = "stibnite";
    nixpkgs.hostPlatform = fleet.machines.stibnite.system;
    system.stateVersion = 4;
    system.primaryUser = "crs58";
    users.users.crs58.uid = 501;

    # Nix was installed with this group; stateVersion 4 would expect 30000.
    ids.gids.nixbld = 350;

    homebrew.casks = [
      "dbeaver-community"
      "gpg-suite"
      "inkscape"
    ];
  };
}
