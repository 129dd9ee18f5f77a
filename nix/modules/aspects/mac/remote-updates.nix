# The fleet updates this Mac over SSH, with nobody there to type a password.
{ config, ... }:
let
  inherit (config) fleet;
in
{
  flake.modules.darwin.remote-updates =
    { config, ... }:
    let
      inherit (fleet.machines.${config.networking.hostName}) user;
    in
    {
      services.openssh.enable = true;

      # An update copies store paths that nobody has signed: the flake's source, and what was built elsewhere.
      nix.settings.trusted-users = [ user ];

      # All commands, and no shorter list: `clan machines update` runs each of its steps as `sudo -A -- bash -c …` (it
      # unpacks the machine's key, then calls darwin-rebuild), a cask with an installer calls `sudo installer`, and
      # whoever may run darwin-rebuild as root is root anyway. So: who can log in as this user owns this Mac.
      security.sudo.extraConfig = "${user} ALL=(ALL) NOPASSWD: ALL";
    };
}
