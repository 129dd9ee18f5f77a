# Second Mac.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) darwin;
in
{
  flake.modules.darwin."machines/rosegold" = {
    imports = [
      darwin.base
      darwin.workstation
      darwin.user-cameron
    ];

    networking.hostName = "rosegold";
    nixpkgs.hostPlatform = fleet.machines.rosegold.system;
    system.stateVersion = 4;
    system.primaryUser = "cameron";
    users.users.cameron.uid = 502;

    # Nix was installed with this group; stateVersion 4 would expect 30000.
    ids.gids.nixbld = 350;
  };
}
