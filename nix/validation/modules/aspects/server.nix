# A NixOS server without screen or keyboard, in a cloud or elsewhere.
# srvos brings the hardening: no passwords, keys out of the system's configuration only, no emergency mode, consoles on
# both the serial line and the screen. clan's sshd service brings host keys and their certificates.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (config) fleet;
in
{
  flake.modules.nixos.server =
    { config, ... }:
    let
      machine = fleet.machines.${config.networking.hostName};
    in
    {
      imports = [ inputs.srvos.nixosModules.server ];

      # clan's recommended defaults are srvos' once more, and open multicast DNS to the internet. Beside them it needs:
      clan.core.enableRecommendedDefaults = false;
      networking.domain = lib.mkDefault fleet.domain;

      services.openssh = {
        # The port that the fleet says, or the next step of the rollout would knock at a closed door.
        ports = [ machine.sshPort ];
        settings = {
          # Updates log in as root, and nobody with a password.
          PermitRootLogin = "prohibit-password";
          AuthenticationMethods = "publickey";
          # Which key logged in is in the journal.
          LogLevel = "VERBOSE";
        };
      };

      boot.initrd = {
        # The scripted initrd goes away with NixOS 26.11; unlocking is written for this one.
        systemd.enable = true;

        # What a virtual machine boots from and is reached by, at Hetzner and at Google alike.
        availableKernelModules = [
          "virtio_pci"
          "virtio_scsi"
          "virtio_blk"
          "virtio_net"
          "nvme"
        ];
      };
    };
}
