# Server on Google Compute Engine.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
in
{
  flake.modules.nixos."machines/orb-nixos" = {
    imports = [
      nixos.base
      nixos.server
      nixos.firewall
      nixos.google
      nixos.disk
      nixos.remote-unlock
      nixos.generated-secrets
      nixos.external-secrets
      nixos.applications
      nixos.user-crs58
    ];

    networking.hostName = "orb-nixos";
    nixpkgs.hostPlatform = fleet.machines.orb-nixos.system;
    system.stateVersion = "26.05";

    disko.devices.disk.main.device = "/dev/sda";
  };
}
