# The clan: its inventory is the fleet's, and each machine of the fleet gets the module of its name.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (config) fleet;
  inherit (config.flake) modules;
in
{
  imports = [ inputs.clan-core.flakeModules.default ];

  flake.clan = {
    meta = { inherit (fleet) name domain; };

    inventory = {
      machines = lib.mapAttrs (_: machine: {
        inherit (machine) machineClass tags description;
      }) fleet.machines;

      instances = lib.mapAttrs (_: instance: {
        module.name = instance.module;
        roles = lib.mapAttrs (_: role: {
          inherit (role) tags settings;
          machines = lib.genAttrs role.machines (_: { });
        }) instance.roles;
      }) fleet.instances;
    };

    machines = lib.mapAttrs (
      name: machine: modules.${machine.machineClass}."machines/${name}"
    ) fleet.machines;
  };
}
