# An NVIDIA card (Turing or newer) for computing, without a screen.
# Not `hardware.nvidia.datacenter`: its driver comes without the firmware the card needs (nixpkgs issue 454772).
{ config, lib, ... }:
let
  inherit (config) nixpkgsTree;
in
{
  flake.modules.nixos.nvidia = {
    # This selects the driver; no X server is started.
    services.xserver.videoDrivers = [ "nvidia" ];
    hardware.graphics.enable = true;

    # The driver is the one thing that is not free software here; anything else still is refused.
    nixpkgs.config.allowUnfreePredicate =
      package:
      lib.elem (lib.getName package) [
        "nvidia-x11"
        "nvidia-settings"
        "nvidia-persistenced"
      ];
  }
  // lib.optionalAttrs nixpkgsTree.available {
    hardware.nvidia = {
      # The kernel modules are open since Turing, and the driver wants to be told.
      open = true;
      nvidiaSettings = false;
      # Without a screen nothing else keeps the card initialised between two jobs.
      nvidiaPersistenced = true;
    };
  };
}
