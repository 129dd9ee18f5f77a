# Spare server with a graphics card (NVIDIA T4) for computing, on Google Compute Engine.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
in
{
  flake.modules.nixos."machines/scheelite" = {
    imports = [
      nixos.base
      nixos.server
      nixos.firewall
      nixos.google
      nixos.nvidia
      nixos.disk
      nixos.remote-unlock
      nixos.generated-secrets
      nixos.external-secrets
    ];

    networking.hostName = "scheelite";
    nixpkgs.hostPlatform = fleet.machines.scheelite.system;
    system.stateVersion = "26.05";

    disko.devices.disk.main.device = "/dev/sda";
  };
}
