# What the fleet file hands over: machines, service instances, deployments. No address and no secret is in it.
# Whoever reads `config.fleet` reads a checked fleet, so the names of `flake.modules` must not be made from it.
{
  config,
  inputs,
  lib,
  ...
}:
let
  machineNames =
    modules:
    map (lib.removePrefix "machines/") (lib.filter (lib.hasPrefix "machines/") (lib.attrNames modules));

  checks = import ../../lib/fleet {
    inherit lib;
    services = lib.attrNames inputs.clan-core.clan.modules;
    applications = import ../../lib/fleet/applications.nix;
    machineModules = lib.mapAttrs (_: machineNames) config.flake.modules;
  };
in
{
  options.fleet = lib.mkOption {
    type = lib.types.raw;
    default = checks.checked (lib.importJSON ../../fleet.json);
    readOnly = true;
    description = "The enabled part of the fleet, as `fediversity render` writes it; never edited by hand.";
  };
}
