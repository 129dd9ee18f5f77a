# The machine that admits others to the ZeroTier mesh. clan's service admits its own peers; for the Macs, which no
# clan service reaches, the rollout calls `zerotier-members` here.
{ inputs, ... }:
{
  flake.modules.nixos.mesh-controller = { pkgs, ... }: {
    environment.systemPackages = [
      inputs.clan-core.packages.${pkgs.stdenv.hostPlatform.system}.zerotier-tools
    ];
  };
}
