# Spare server at Hetzner Cloud.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
in
{
  flake.modules.nixos."machines/electrum" = {
    imports = [
      nixos.base
      nixos.server
      nixos.firewall
      nixos.hetzner
      nixos.disk
      nixos.remote-unlock
      nixos.generated-secrets
      nixos.external-secrets
    ];

    networking.hostName = "electrum";
    nixpkgs.hostPlatform = fleet.machines.electrum.system;
    system.stateVersion = "26.05";

    disko.devices.disk.main.device = "/dev/sda";
  };
}
