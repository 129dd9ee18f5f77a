# A NixOS server without screen or keyboard, in a cloud or elsewhere.
{ config, inputs, ... }:
let
  inherit (config) fleet;
in
{
  flake.modules.nixos.server = { config, ... }: {
    imports = [ inputs.srvos.nixosModules.server ];

    # The port that the fleet says, or the next step of the rollout would knock at a closed door.
    services.openssh.ports = [ fleet.machines.${config.networking.hostName}.sshPort ];

    # What a virtual machine boots from and is reached by, at Hetzner and at Google alike.
    boot.initrd.availableKernelModules = [
      "virtio_pci"
      "virtio_scsi"
      "virtio_blk"
      "virtio_net"
    ];
  };
}
