# One person with two names: crs58 on some machines, cameron on others.
# On servers the account comes from clan's users service; here it gets its shell and its home.
{ config, lib, ... }:
let
  inherit (config.flake.modules) nixos darwin homeManager;

  homeOf =
    user:
    lib.optionalAttrs config.nixpkgsTree.available {
      home-manager.users.${user}.imports = [ homeManager.crs58 ];
    };

  onNixos =
    user:
    { pkgs, ... }:
    {
      imports = [
        nixos.home
        (homeOf user)
      ];
      programs.zsh.enable = true;
      users.users.${user}.shell = pkgs.zsh;
    };

  # A machine adds the uid that the account has there. nix-darwin sets the shell of known users only; it deletes a known
  # user whom no module describes any more, the primary user excepted, so take the name out of `knownUsers` as well.
  onDarwin =
    user:
    { pkgs, ... }:
    {
      imports = [
        darwin.home
        (homeOf user)
      ];
      users.knownUsers = [ user ];
      users.users.${user} = {
        home = "/Users/${user}";
        shell = pkgs.zsh;
      };
    };
in
{
  flake.modules.nixos.user-crs58 = onNixos "crs58";
  flake.modules.darwin.user-crs58 = onDarwin "crs58";
  flake.modules.darwin.user-cameron = onDarwin "cameron";

  flake.modules.homeManager.crs58 = {
    imports = [
      homeManager.shell
      homeManager.git
      homeManager.development
      homeManager.ssh
    ];

    programs.git = {
      settings.user.name = "crs58";
      # The mail address, and a signing key if there is one, stay with the person: git refuses to commit without.
      includes = [ { path = "~/.config/git/identity"; } ];
    };

    home.stateVersion = "26.05";
  };
}
