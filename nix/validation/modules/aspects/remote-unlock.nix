# Unlocking an encrypted root over SSH after each boot: `systemctl default` in the initrd asks for the passphrase.
# The initrd has its own port and its own host key: that key lies unencrypted in /boot, so it must prove nothing else.
{ config, ... }:
let
  inherit (config) fleet;
in
{
  flake.modules.nixos.remote-unlock =
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      machine = fleet.machines.${config.networking.hostName};
      hostKey = config.clan.core.vars.generators.initrd-ssh.files.id_ed25519;
    in
    lib.mkIf machine.encrypted {
      clan.core.vars.generators.initrd-ssh = {
        files.id_ed25519.neededFor = "activation";
        files."id_ed25519.pub".secret = false;
        runtimeInputs = [ pkgs.openssh ];
        script = ''
          ssh-keygen -t ed25519 -N "" -C "" -f "$out"/id_ed25519
        '';
      };

      boot.initrd = {
        systemd = {
          enable = true;
          # IPv4, as both clouds give it; the packet size is Google's to say.
          network.networks."10-ethernet" = {
            matchConfig.Type = "ether";
            networkConfig.DHCP = "yes";
            dhcpV4Config.UseMTU = true;
          };
        };
        network = {
          enable = true;
          ssh = {
            enable = true;
            port = machine.unlockPort;
            # Whoever may log in as root may unlock.
            authorizedKeys = config.users.users.root.openssh.authorizedKeys.keys;
            hostKeys = [ hostKey.path ];
          };
        };
      };
    };
}
