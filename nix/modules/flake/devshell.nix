# The shell for people with Nix, `nix develop ./nix`: everything that ./just would otherwise fetch or build, and the
# real tools that roll a fleet out. Python's packages are not in it: ./just installs the pinned ones into .venv.
{ inputs, lib, ... }:
{
  perSystem =
    {
      config,
      pkgs,
      system,
      ...
    }:
    {
      devShells.default = pkgs.mkShellNoCC {
        name = "fediversity";

        packages = [
          config.packages.nix-tools
          pkgs.git
          pkgs.just
          pkgs.nix
          pkgs.openssh
          pkgs.pulumi
          pkgs.pulumiPackages.pulumi-python
          pkgs.python3
          pkgs.ruff
          pkgs.uv
          inputs.clan-core.packages.${system}.clan-cli
          inputs.nixops4.packages.${system}.default
        ];

        env = {
          # The set-up takes this shell's Python instead of downloading one that NixOS could not start.
          UV_PYTHON_DOWNLOADS = "never";
        }
        // lib.optionalAttrs pkgs.stdenv.hostPlatform.isLinux {
          # The compiled modules of packages (grpcio) look for these libraries where only other distributions have them.
          LD_LIBRARY_PATH = lib.makeLibraryPath [
            pkgs.stdenv.cc.cc.lib
            pkgs.zlib
          ];
        };

        # nixpkgs' Python puts every package of the shell that is written in Python, as clan, in front of .venv.
        shellHook = "unset PYTHONPATH";
      };
    };
}
