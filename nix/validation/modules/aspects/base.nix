# What every machine of the fleet has, NixOS or Mac.
{ config, ... }:
let
  inherit (config) fleet;

  common = { config, ... }: {
    # Who this machine is. An installation refuses to erase a disk whose system carries the fleet's identity.
    environment.etc."fediversity/identity".text = "${fleet.name}/${config.networking.hostName}\n";

    nix = {
      optimise.automatic = true;
      # A month of generations to roll back to.
      gc = {
        automatic = true;
        options = "--delete-older-than 30d";
      };
    };
  };
in
{
  flake.modules.nixos.base = common;
  flake.modules.darwin.base = common;
}
