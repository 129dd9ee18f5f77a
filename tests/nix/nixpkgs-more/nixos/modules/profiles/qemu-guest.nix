# Stands for nixpkgs' file of this name: what a virtual machine of QEMU boots with.
{
  boot.initrd.availableKernelModules = [
    "virtio_net"
    "virtio_pci"
    "virtio_blk"
    "virtio_scsi"
  ];
}
