# A server at Hetzner Cloud. IPv4 comes by DHCP, IPv6 only by the metadata service: srvos has cloud-init ask it.
# That module imports a profile of nixpkgs' own tree, so it is left out where there is only nixpkgs' library.
{
  config,
  inputs,
  lib,
  ...
}:
let
  inherit (config) nixpkgsTree;
in
{
  flake.modules.nixos.hetzner = {
    imports = lib.optional nixpkgsTree.available inputs.srvos.nixosModules.hardware-hetzner-cloud;

    # cloud-init is there for the network alone. Left as it is it would rename the machine, set passwords that Hetzner
    # thinks up, and write keys: all of that is the configuration's. What srvos says of the disk yields to disko.
    services.cloud-init.settings = lib.mkIf nixpkgsTree.available {
      preserve_hostname = true;
      cloud_init_modules = [ "seed_random" ];
      cloud_config_modules = [ ];
      cloud_final_modules = [ ];
    };

    # Whatever cloud-init writes comes before this; should it not reach the metadata, the server still has IPv4.
    systemd.network.networks."90-uplink" = {
      matchConfig = {
        Type = "ether";
        Kind = "!*";
      };
      networkConfig.DHCP = "ipv4";
    };
  };
}
