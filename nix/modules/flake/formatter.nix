# The programs that check Nix files, and `nix fmt`. Elsewhere ./just builds nixfmt and deadnix by cargo.
{
  perSystem =
    { pkgs, ... }:
    {
      # Takes files, or formats every Nix file of the git checkout when it is given none, as `nix fmt` expects it.
      formatter = pkgs.nixfmt-tree;

      # What `./just check` asks Nix for where these are not on PATH.
      packages.nix-tools = pkgs.symlinkJoin {
        name = "fediversity-nix-tools";
        paths = [
          pkgs.nixfmt
          pkgs.deadnix
          pkgs.statix
        ];
      };
    };
}
