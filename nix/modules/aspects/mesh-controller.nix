# The machine that admits others to a ZeroTier mesh. clan's service admits its own peers, and the Macs by the addresses that
# `flake/clan.nix` hands it; `zerotier-members` is there for people and for the rollout.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (config) fleet fleetLib;

  controlledBy =
    machine:
    lib.attrNames (
      lib.filterAttrs (
        _: instance:
        instance.module == "zerotier" && lib.elem machine (instance.roles.controller.machines or [ ])
      ) fleet.instances
    );
in
{
  flake.modules.nixos.mesh-controller =
    { config, pkgs, ... }:
    {
      environment.systemPackages = [
        inputs.clan-core.packages.${pkgs.stdenv.hostPlatform.system}.zerotier-tools
      ];

      clan.core.vars.generators = lib.mkMerge (
        lib.concatMap (
          instance:
          map (
            machine: fleetLib.zerotierAddressGenerator { inherit pkgs instance machine; }
          ) fleetLib.macsOf.${instance}
        ) (controlledBy config.networking.hostName)
      );
    };
}
