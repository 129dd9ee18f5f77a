# SSH to the machines of the fleet, by their names in the mesh: `ssh cinnabar`.
# Only names, and only the domain: the machines and their addresses are in /etc/hosts, which the mesh brings.
{ config, ... }:
let
  inherit (config) fleet;
in
{
  flake.modules.homeManager.ssh = {
    programs.ssh = {
      enable = true;
      enableDefaultConfig = false;

      settings = {
        "*.${fleet.domain}" = {
          # A machine that restarts its mesh ends the connection instead of letting it hang.
          ServerAliveInterval = 15;
          ServerAliveCountMax = 4;
        };

        "*" = {
          CanonicalizeHostname = true;
          CanonicalDomains = fleet.domain;
          CanonicalizeMaxDots = 0;
          HashKnownHosts = true;
          AddKeysToAgent = true;
        };
      };
    };
  };
}
