# The clan: its inventory is the fleet's, and each machine of the fleet gets the module of its name.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (config) fleet fleetLib;
  inherit (config.flake) modules;

  # A mesh's controller admits the Macs by their addresses, which are vars: no file of the fleet names one.
  admitMacs =
    instance: settings:
    settings
    // {
      allowedIps = settings.allowedIps or [ ] ++ fleetLib.zerotierAddresses instance;
    };

  settingsOf =
    instance: module: role:
    if module == "zerotier" && role == "controller" then admitMacs instance else lib.id;
in
{
  imports = [ inputs.clan-core.flakeModules.default ];

  flake.clan = {
    meta = { inherit (fleet) name domain; };

    inventory = {
      machines = lib.mapAttrs (_: machine: {
        inherit (machine) machineClass tags description;
      }) fleet.machines;

      instances = lib.mapAttrs (name: instance: {
        module.name = instance.module;
        roles = lib.mapAttrs (role: members: {
          inherit (members) tags;
          settings = settingsOf name instance.module role members.settings;
          machines = lib.genAttrs members.machines (_: { });
        }) instance.roles;
      }) fleet.instances;
    };

    machines = lib.mapAttrs (
      name: machine: modules.${machine.machineClass}."machines/${name}"
    ) fleet.machines;
  };
}
