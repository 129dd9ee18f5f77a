# A Mac that a person works at and that the fleet keeps up to date over SSH.
{ config, ... }:
let
  inherit (config) fleet;
in
{
  flake.modules.darwin.workstation =
    { config, ... }:
    let
      inherit (fleet.machines.${config.networking.hostName}) user;
    in
    {
      services.openssh.enable = true;

      # An update copies unsigned store paths and then runs darwin-rebuild as root, with nobody there to type a password.
      nix.settings.trusted-users = [ user ];
      security.sudo.extraConfig = "${user} ALL=(ALL) NOPASSWD: ALL";

      security.pam.services.sudo_local.touchIdAuth = true;
    };
}
