# Always-on server at Hetzner Cloud and controller of the ZeroTier mesh.
{ config, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
in
{
  flake.modules.nixos."machines/cinnabar" = {
    imports = [
      nixos.base
      nixos.server
      nixos.firewall
      nixos.hetzner
      nixos.disk
      nixos.remote-unlock
      nixos.generated-secrets
      nixos.external-secrets
      nixos.mesh-controller
      nixos.user-crs58
    ];

    networking.hostName = "cinnabar";
    nixpkgs.hostPlatform = fleet.machines.cinnabar.system;
    system.stateVersion = "26.05";

    disko.devices.disk.main.device = "/dev/sda";
  };
}
