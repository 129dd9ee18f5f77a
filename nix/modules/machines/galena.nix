# Spare server for work that wants many cores, on Google Compute Engine.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
in
{
  flake.modules.nixos."machines/galena" = {
    imports = [
      nixos.base
      nixos.server
      nixos.firewall
      nixos.google
      nixos.disk
      nixos.remote-unlock
      nixos.generated-secrets
      nixos.external-secrets
    ];

    networking.hostName = "galena";
    nixpkgs.hostPlatform = fleet.machines.galena.system;
    system.stateVersion = "26.05";

    disko.devices.disk.main.device = "/dev/sda";
  };
}
