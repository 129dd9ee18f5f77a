# Whether the nixpkgs at hand is the whole tree or only its library, as where the flake is evaluated without nixpkgs.
# home-manager and some profiles of srvos import files of that tree; they are left out where it is not there.
{ inputs, lib, ... }:
{
  options.nixpkgsTree.available = lib.mkOption {
    type = lib.types.bool;
    default = builtins.pathExists "${inputs.nixpkgs}/nixos/modules";
    readOnly = true;
    description = "Whether modules of nixpkgs' own NixOS tree can be imported.";
  };
}
