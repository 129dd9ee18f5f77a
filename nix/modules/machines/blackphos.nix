# First Mac of the migration.
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
    ];

    networking.hostName = "blackphos";
    nixpkgs.hostPlatform = fleet.machines.blackphos.system;
    system.stateVersion = 4;
    system.primaryUser = "crs58";
  };
}
