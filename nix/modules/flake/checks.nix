# What `nix flake check` builds: the whole system of every machine, and the checks of the Nix files themselves.
# A server evaluates only once its public vars are in the tree (`clan vars generate`).
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (config) flake fleet;

  toplevel =
    name: machine: flake."${machine.machineClass}Configurations".${name}.config.system.build.toplevel;

  machinesOf =
    system:
    lib.mapAttrs' (
      name: machine: lib.nameValuePair "${machine.machineClass}-${name}" (toplevel name machine)
    ) (lib.filterAttrs (_: machine: machine.system == system) fleet.machines);
in
{
  perSystem =
    {
      config,
      pkgs,
      system,
      ...
    }:
    let
      checkFiles =
        name: command:
        pkgs.runCommand "fediversity-${name}" { nativeBuildInputs = [ config.packages.nix-tools ]; } ''
          cd ${inputs.self}
          ${command}
          touch $out
        '';
    in
    {
      checks = machinesOf system // {
        format = checkFiles "format" "find . -name '*.nix' -exec nixfmt --check {} +";
        lint = checkFiles "lint" ''
          deadnix --fail .
          statix check .
        '';
      };
    };
}
