# From outside a server answers SSH, ZeroTier and ping, and what an application on it opens; the rest is for the mesh.
# The port of SSH is opened by the SSH module, on the number that the fleet says.
{
  flake.modules.nixos.firewall =
    { config, ... }:
    let
      # ZeroTier names its interfaces itself: `zt` and ten characters. The two firewalls spell a pattern differently.
      everyMesh = if config.networking.nftables.enable or false then "zt*" else "zt+";
    in
    {
      networking.firewall = {
        enable = true;
        # ZeroTier's own traffic; without it peers meet by relays only.
        allowedUDPPorts = [ 9993 ];
        # Who is in the mesh was admitted by the controller. Traffic from there is let in whatever the port.
        trustedInterfaces = [ everyMesh ];
      };
    };
}
