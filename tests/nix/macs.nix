# What the Macs come to, by machine. Lies beside check.nix where it is evaluated.
{ src }:
let
  inherit (import ./check.nix { inherit src; }) flake;
in
builtins.mapAttrs (
  _:
  { config, ... }:
  {
    inherit (config.system) primaryUser stateVersion;
    inherit (config.users) knownUsers;
    nixbld = config.ids.gids.nixbld;
    uids = builtins.mapAttrs (_: user: user.uid) (
      builtins.intersectAttrs { ${config.system.primaryUser} = null; } config.users.users
    );
    sudo = config.environment.etc."sudoers.d/10-nix-darwin-extra-config".text;
    trustedUsers = config.nix.settings.trusted-users;
    sshd = config.services.openssh.enable;
    linuxBuilder = config.nix.linux-builder.enable;
    casks = map (cask: cask.name) config.homebrew.casks;
    brewfile = config.homebrew.brewfile;
    otherAppsPreferences = config.system.defaults.CustomUserPreferences;
    hosts = config.clan.core.networking.extraHosts;
    identity =
      config.clan.core.vars.generators."zerotier-identity-${config.networking.hostName}".files.identity-secret.path;
    activation = config.system.activationScripts.script.text;
    last = config.system.activationScripts.postActivation.text;
  }
) flake.darwinConfigurations
