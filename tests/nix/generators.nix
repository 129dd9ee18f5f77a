# The vars generators of every machine, whole. Lies beside check.nix where it is evaluated.
{ src }:
let
  inherit (import ./check.nix { inherit src; }) flake;
in
builtins.mapAttrs (
  _: machine:
  builtins.mapAttrs (_: generator: {
    inherit (generator) share dependencies script;
    files = builtins.mapAttrs (_: file: { inherit (file) secret deploy neededFor; }) generator.files;
  }) machine.config.clan.core.vars.generators
) (flake.nixosConfigurations // flake.darwinConfigurations)
