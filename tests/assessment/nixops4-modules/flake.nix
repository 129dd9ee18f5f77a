# NixOps4's own flake is built by tools that are not at hand without a network. This gives what another flake takes of it
# besides the program: its library and modules, out of its own sources. The packages are names without content.
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs";
    flake-parts.url = "github:hercules-ci/flake-parts";
    sources = {
      url = "github:nixops4/nixops4";
      flake = false;
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      sources,
      ...
    }:
    let
      inherit (nixpkgs) lib;
      nix = sources + "/nix";
      withSystem =
        system: use:
        use {
          inherit system;
          pkgs = nixpkgs.legacyPackages.${system};
          config.packages.nixops4-resources-local-release = "/no-such-path";
        };
    in
    {
      lib = import (nix + "/lib/lib.nix") {
        inherit lib self;
        selfWithSystem = withSystem;
      };

      modules = {
        flake.default = lib.modules.importApply (nix + "/flake-parts/flake-parts.nix") { inherit self; };
        nixops4Component.default = nix + "/component/base-modules.nix";
        nixops4Provider.local = lib.modules.importApply (nix + "/providers/local.nix") {
          inherit withSystem;
        };
      };

      packages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ] (system: {
        default = nixpkgs.legacyPackages.${system}.hello // {
          name = "nixops4";
        };
      });
    };
}
