# The one machine of the validation: a small server at Hetzner Cloud, encrypted like the fleet's.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
in
{
  flake.modules.nixos."machines/test-vm" = {
    imports = [
      nixos.base
      nixos.server
      nixos.disk
      nixos.remote-unlock
      nixos.vars-check
    ];

    networking.hostName = "test-vm";
    nixpkgs.hostPlatform = fleet.machines.test-vm.system;
    system.stateVersion = "26.05";

    disko.devices.disk.main.device = "/dev/sda";
  };
}
