# home-manager as a part of the system: a home is switched together with the machine that it is on.
# It reads files of nixpkgs' own tree, so where only nixpkgs' library is at hand there are no homes.
{
  config,
  inputs,
  lib,
  ...
}:
let
  common = {
    # One nixpkgs and one profile for the machine and its homes.
    useGlobalPkgs = true;
    useUserPackages = true;

    # A file that is already there is moved aside. Without this the whole home fails on it, and a first login may have
    # written one: zsh greets a user without .zshrc by making one.
    backupFileExtension = "before-home-manager";
  };

  of = module: {
    imports = lib.optional config.nixpkgsTree.available module;
    config = lib.optionalAttrs config.nixpkgsTree.available { home-manager = common; };
  };
in
{
  flake.modules.nixos.home = of inputs.home-manager.nixosModules.home-manager;
  flake.modules.darwin.home = of inputs.home-manager.darwinModules.home-manager;
}
