# What the homes on every machine come to, by machine and user. Lies beside check.nix where it is evaluated.
{ src }:
let
  inherit (import ./check.nix { inherit src; }) flake;

  home = home: {
    # Forces every file and every step of the activation.
    activation = home.home.activationPackage.text;
    files = builtins.mapAttrs (_: file: file.source.text or null) home.home.file;
    inherit (home) warnings;
    inherit (home.home) username;
    directory = home.home.homeDirectory;
    gitName = home.programs.git.settings.user.name;
    packages = map (package: package.name) home.home.packages;
  };
in
builtins.mapAttrs (
  _: machine: builtins.mapAttrs (_: home) (machine.config.home-manager.users or { })
) (flake.darwinConfigurations // flake.nixosConfigurations)
