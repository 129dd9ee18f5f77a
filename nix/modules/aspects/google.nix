# A server on Google Compute Engine. nixpkgs' own module for it is made for images: it takes the firewall away, logs
# people in by OS Login and has another disk layout, so this is what a machine of this fleet needs instead.
{ config, lib, ... }:
let
  inherit (config) nixpkgsTree;
in
{
  flake.modules.nixos.google = {
    # The serial line is the only console there (`gcloud compute connect-to-serial-port`); the last one named is asked.
    srvos.boot.consoles = [
      "tty0"
      "ttyS0,115200"
    ];

    # Google's time is smeared over leap seconds: never mix it with others'. The name is known in every network there.
    networking.timeServers = lib.mkForce [ "metadata.google.internal" ];

    # Google's networks carry packets of 1460 bytes, which DHCP says and systemd-networkd heeds only when told to.
    # Kind keeps the mesh's interfaces out, which look like Ethernet too.
    systemd.network.networks."10-uplink" = {
      matchConfig = {
        Type = "ether";
        Kind = "!*";
      };
      networkConfig.DHCP = "yes";
      dhcpV4Config.UseMTU = true;
    };
  }
  // lib.optionalAttrs nixpkgsTree.available {
    # Who may log in is said here, not in a Google project.
    security.googleOsLogin.enable = lib.mkForce false;
  };
}
