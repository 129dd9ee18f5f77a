# PowerDNS for development: an authoritative server whose zones are changed by its HTTP interface.
{
  flake.modules.nixos.powerdns =
    { config, pkgs, ... }:
    {
      services.powerdns = {
        enable = true;
        # Its web server listens on this machine alone if no address is given: go there by the mesh and SSH
        # (`ssh -L 8081:localhost:8081`).
        extraConfig = ''
          launch=lmdb
          lmdb-filename=/var/lib/pdns/zones.lmdb
          api=yes
          api-key=$PDNS_API_KEY
          webserver=yes
          webserver-port=8081
        '';
        # The key is put into the configuration below /run when the service starts.
        secretFile = config.clan.core.vars.generators.powerdns.files.environment.path;
      };

      systemd.services.pdns.serviceConfig = {
        StateDirectory = "pdns";
        StateDirectoryMode = "0700";
      };

      networking.firewall = {
        allowedTCPPorts = [ 53 ];
        allowedUDPPorts = [ 53 ];
      };

      clan.core.vars.generators.powerdns = {
        # Whoever changes zones needs the key; the machine needs it as an environment file.
        files.api-key.deploy = false;
        files.environment.restartUnits = [ "pdns.service" ];
        runtimeInputs = [
          pkgs.coreutils
          pkgs.openssl
        ];
        script = ''
          printf '%s' "$(openssl rand -hex 32)" > "$out"/api-key
          printf 'PDNS_API_KEY=%s\n' "$(cat "$out"/api-key)" > "$out"/environment
        '';
      };
    };
}
