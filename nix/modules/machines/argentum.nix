# Third Mac.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) darwin;
in
{
  flake.modules.darwin."machines/argentum" = {
    imports = [
      darwin.base
      darwin.workstation
      darwin.user-cameron
    ];

    networking.hostName = "argentum";
    nixpkgs.hostPlatform = fleet.machines.argentum.system;
    system.stateVersion = 4;
    system.primaryUser = "cameron";
    users.users.cameron.uid = 502;

    # Nix was installed with this group; stateVersion 4 would expect 30000.
    ids.gids.nixbld = 350;
  };
}
