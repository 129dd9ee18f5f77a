# What a person works with in a checkout.
{
  flake.modules.homeManager.development = { pkgs, ... }: {
    # A checkout's own tools, as soon as one enters it.
    programs.direnv = {
      enable = true;
      nix-direnv.enable = true;
    };

    programs.bat.enable = true;
    programs.jq.enable = true;
    programs.ripgrep.enable = true;

    home.packages = [
      pkgs.fd
      pkgs.just
      pkgs.nixfmt
      pkgs.sops
      pkgs.tree
    ];
  };
}
