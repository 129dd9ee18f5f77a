# What the fleet file hands over: machines, service instances, deployments. No address and no secret is in it.
{ lib, ... }:
{
  options.fleet = lib.mkOption {
    type = lib.types.raw;
    default = lib.importJSON ../../fleet.json;
    readOnly = true;
    description = "The enabled part of the fleet, as `fediversity render` writes it; never edited by hand.";
  };
}
