# What is at hand for everybody on a Mac, root included, before any home is set up.
{
  flake.modules.darwin.development = { pkgs, ... }: {
    environment.systemPackages = [
      pkgs.age
      pkgs.curl
      pkgs.git
      pkgs.jq
      pkgs.rsync
      pkgs.vim
    ];
  };
}
