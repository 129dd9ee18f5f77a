# One disk, partitioned by disko at installation: boots with BIOS and with UEFI, root on ext4.
# Where the fleet says `encrypted`, root lies in LUKS with a generated passphrase.
# A change of the layout takes effect at the next installation only. Where a cloud's disk was made larger, a plain root
# grows at the next boot; an encrypted one needs its passphrase: `growpart`, `cryptsetup resize root`, `resize2fs`.
{ config, inputs, ... }:
let
  inherit (config) fleet;
in
{
  flake.modules.nixos.disk =
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      inherit (fleet.machines.${config.networking.hostName}) encrypted;

      filesystem = {
        type = "filesystem";
        format = "ext4";
        mountpoint = "/";
      };

      luks = {
        type = "luks";
        # The systemd initrd waits for /dev/mapper/root.
        name = "root";
        settings.allowDiscards = true;
        passwordFile = config.clan.core.vars.generators.luks.files.passphrase.path;
        content = filesystem;
      };
    in
    {
      imports = [ inputs.disko.nixosModules.default ];

      boot.loader.grub = {
        efiSupport = true;
        efiInstallAsRemovable = true;
      };

      # By force: modules for clouds switch it on without asking what the root lies on.
      boot.growPartition = lib.mkForce (!encrypted);
      fileSystems."/".autoResize = true;

      disko.devices.disk.main = {
        type = "disk";
        content = {
          type = "gpt";
          partitions = {
            bios = {
              size = "1M";
              type = "EF02";
            };
            esp = {
              size = "1G";
              type = "EF00";
              content = {
                type = "filesystem";
                format = "vfat";
                mountpoint = "/boot";
                mountOptions = [ "umask=0077" ];
              };
            };
            root = {
              size = "100%";
              content = if encrypted then luks else filesystem;
            };
          };
        };
      };

      clan.core.vars.generators.luks = lib.mkIf encrypted {
        files.passphrase.neededFor = "partitioning";
        runtimeInputs = [
          pkgs.coreutils
          pkgs.xkcdpass
        ];
        script = ''
          xkcdpass --numwords 8 --delimiter - | tr -d '\n' > "$out"/passphrase
        '';
      };
    };
}
