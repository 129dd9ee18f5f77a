# Garage for development: S3 storage on one machine, with a bucket and a key for each deployment that names it.
# Applications speak to `https://<domain>`, path style; people's browsers fetch uploads from `https://<bucket>.<domain>`.
{ config, lib, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
  inherit (lib) mkOption types;
in
{
  flake.modules.nixos.garage =
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      cfg = config.fediversity.garage;
      vars = config.clan.core.vars.generators;

      stored = lib.filterAttrs (
        _: request: request.storage != null && request.storage.endpoint == cfg.domain
      ) fleet.deployments;
      buckets = lib.unique (lib.mapAttrsToList (_: request: request.storage.bucket) stored);

      proxyTo = port: {
        enableACME = true;
        forceSSL = true;
        locations."/" = {
          proxyPass = "http://localhost:${toString port}";
          extraConfig = ''
            proxy_set_header Host $host;
            proxy_request_buffering off;
            proxy_max_temp_file_size 0;
            client_max_body_size 0;
          '';
        };
      };

      port = {
        s3 = 3900;
        rpc = 3901;
        web = 3902;
        admin = 3903;
      };
      # The firewall keeps everybody else away from these.
      listenOn = number: "[::]:${toString number}";
    in
    {
      imports = [ nixos.deployment-secrets ];

      options.fediversity.garage = {
        domain = mkOption {
          type = types.str;
          description = "The `endpoint` of the deployments that store here.";
        };
        gigabytes = mkOption {
          type = types.ints.positive;
          default = 20;
          description = "How much it may hold.";
        };
      };

      config = {
        services.garage = {
          enable = true;
          package = pkgs.garage_2;
          settings = {
            replication_factor = 1;
            db_engine = "sqlite";
            rpc_bind_addr = listenOn port.rpc;
            s3_api = {
              s3_region = "garage";
              api_bind_addr = listenOn port.s3;
            };
            s3_web = {
              bind_addr = listenOn port.web;
              root_domain = ".${cfg.domain}";
            };
            admin.api_bind_addr = listenOn port.admin;
          };
          extraEnvironment = {
            GARAGE_RPC_SECRET_FILE = "%d/rpc-secret";
            GARAGE_ADMIN_TOKEN_FILE = "%d/admin-token";
            # Credentials are readable by the service's group as well, which Garage would refuse.
            GARAGE_ALLOW_WORLD_READABLE_SECRETS = "true";
          };
        };

        systemd.services.garage.serviceConfig.LoadCredential = [
          "rpc-secret:${vars.garage.files.rpc-secret.path}"
          "admin-token:${vars.garage.files.admin-token.path}"
        ];

        systemd.services.garage-setup = {
          description = "Garage's layout, and the buckets and keys of deployments";
          wantedBy = [ "multi-user.target" ];
          requires = [ "garage.service" ];
          after = [ "garage.service" ];
          path = [
            pkgs.curl
            pkgs.jq
          ];
          environment = {
            GARAGE = "http://localhost:${toString port.admin}";
            CAPACITY = toString (cfg.gigabytes * 1000000000);
            DEPLOYMENTS = lib.concatStringsSep " " (
              lib.mapAttrsToList (name: request: "${name}=${request.storage.bucket}") stored
            );
          };
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            DynamicUser = true;
            LoadCredential = [
              "admin-token:${vars.garage.files.admin-token.path}"
            ]
            ++ lib.concatMap (name: [
              "${name}-id:${vars."${name}-s3".files.access-key-id.path}"
              "${name}-secret:${vars."${name}-s3".files.secret-access-key.path}"
            ]) (lib.attrNames stored);
          };
          script = builtins.readFile ./scripts/garage-setup.sh;
        };

        services.nginx = {
          enable = true;
          virtualHosts = {
            ${cfg.domain} = proxyTo port.s3;
          }
          // lib.genAttrs (map (bucket: "${bucket}.${cfg.domain}") buckets) (_: proxyTo port.web);
        };
        security.acme.acceptTerms = true;
        networking.firewall.allowedTCPPorts = [
          80
          443
        ];

        fediversity.secrets.s3 = lib.mapAttrs (_: _: {
          restartUnits = [ "garage-setup.service" ];
        }) stored;

        clan.core.vars.generators.garage = {
          files.rpc-secret.restartUnits = [ "garage.service" ];
          files.admin-token.restartUnits = [ "garage.service" ];
          runtimeInputs = [
            pkgs.coreutils
            pkgs.openssl
          ];
          script = ''
            printf '%s' "$(openssl rand -hex 32)" > "$out"/rpc-secret
            printf '%s' "$(openssl rand -hex 32)" > "$out"/admin-token
          '';
        };
      };
    };
}
