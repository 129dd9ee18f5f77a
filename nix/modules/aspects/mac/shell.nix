# zsh for everybody on a Mac: without it in the system's configuration a login shell knows no Nix.
{
  flake.modules.darwin.shell = { pkgs, ... }: {
    programs.zsh.enable = true;
    environment.shells = [ pkgs.zsh ];

    # Completions of what home-manager installs.
    environment.pathsToLink = [ "/share/zsh" ];
  };
}
