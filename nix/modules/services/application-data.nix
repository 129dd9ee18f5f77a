# What a disabled application leaves on the machine, and its removal where the request says `removeData`.
{
  flake.modules.nixos.applications =
    {
      config,
      lib,
      options,
      pkgs,
      ...
    }:
    let
      inherit (lib) mkOption types;

      data = {
        options = {
          database = mkOption {
            type = types.enum [
              "postgresql"
              "mysql"
            ];
            description = "The server that holds its database, which is called as the application.";
          };
          directories = mkOption {
            type = types.listOf types.path;
            description = "Everything else that it keeps.";
          };
        };
      };

      removed = lib.filterAttrs (
        _: request: request.removeData && !request.enable
      ) config.fediversity.deployments;
      databases = lib.mapAttrsToList (
        _: request: config.fediversity.applicationData.${request.application}.database
      ) removed;

      units = {
        postgresql = "postgresql.target";
        mysql = "mysql.service";
      };
    in
    {
      options.fediversity.applicationData = mkOption {
        type = types.attrsOf (types.submodule data);
        internal = true;
        description = "Where each application keeps its data.";
      };

      # The flake is also evaluated without nixpkgs, where there are no servers of databases to speak to.
      config = lib.optionalAttrs (options.services ? mysql) {
        # Nothing else may want the server any more, but the database can only be dropped while it runs.
        services.postgresql.enable = lib.mkIf (lib.elem "postgresql" databases) true;
        services.mysql = lib.mkIf (lib.elem "mysql" databases) {
          enable = true;
          package = lib.mkDefault pkgs.mariadb;
        };

        systemd.services = lib.mapAttrs' (
          name: request:
          let
            inherit (config.fediversity.applicationData.${request.application}) database directories;
          in
          lib.nameValuePair "fediversity-${name}-remove-data" {
            description = "Removal of the data of ${name}";
            wantedBy = [ "multi-user.target" ];
            requires = [ units.${database} ];
            after = [ units.${database} ];
            path = [
              pkgs.util-linux
              config.services.${database}.package
            ];
            environment = {
              DATABASE_SERVER = database;
              DATABASE = request.application;
              DIRECTORIES = toString directories;
            };
            serviceConfig = {
              Type = "oneshot";
              RemainAfterExit = true;
            };
            script = builtins.readFile ./scripts/remove-data.sh;
          }
        ) removed;
      };
    };
}
