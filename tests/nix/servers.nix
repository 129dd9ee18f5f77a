# What the tests look at of every server, in one evaluation.
{ src }:
let
  check = import ../../../shared/nix-eval/check.nix { inherit src; };
  inherit (check.flake.inputs.nixpkgs) lib;

  facts = config: {
    ssh = {
      inherit (config.services.openssh) ports openFirewall settings;
      hostKeys = map (key: key.path) config.services.openssh.hostKeys;
    };
    firewall = {
      inherit (config.networking.firewall)
        enable
        allowedTCPPorts
        allowedUDPPorts
        trustedInterfaces
        ;
    };
    boot = {
      inherit (config.boot) growPartition kernelParams;
      inherit (config.boot.initrd) network availableKernelModules;
      systemd = config.boot.initrd.systemd.enable;
      luks = lib.attrNames (config.boot.initrd.luks.devices or { });
    };
    root = {
      inherit (config.fileSystems."/") device fsType autoResize;
    };
    grub = config.boot.loader.grub.devices;
    inherit (config.networking) fqdn timeServers;
    inherit (config) warnings;
    generators = lib.mapAttrs (
      _: generator:
      lib.mapAttrs (_: file: file.path) (lib.filterAttrs (_: file: file.secret) generator.files)
    ) config.clan.core.vars.generators;
    # Without the files they come from, which are not in the store here.
    secrets = lib.mapAttrs (_: secret: {
      inherit (secret)
        owner
        group
        mode
        path
        restartUnits
        neededForUsers
        ;
    }) config.sops.secrets;
    unfree =
      map (pname: (config.nixpkgs.config.allowUnfreePredicate or (_: false)) { inherit pname; })
        [
          "nvidia-x11"
          "nvidia-persistenced"
          "steam"
          "cuda_nvcc"
        ];
    drivers = config.services.xserver.videoDrivers or [ ];
  };
in
{
  servers = lib.mapAttrs (_: machine: facts machine.config) check.flake.nixosConfigurations;
}
