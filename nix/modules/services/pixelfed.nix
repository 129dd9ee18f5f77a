# Pixelfed by nixpkgs' module, as a deployment asks for it: MariaDB and Redis on the machine, nginx in front.
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
      request = config.fediversity.running.pixelfed or null;
      inherit (request) name storage mail;
      deployments = lib.filterAttrs (
        _: deployment: deployment.application == "pixelfed"
      ) config.fediversity.deployments;
      secret =
        generator: file: config.clan.core.vars.generators."${name}-${generator}".files.${file}.path;
      environment = config.fediversity.environmentFiles.${name};
      restartUnits = [ "${environment.unit}.service" ];

      numbers =
        {
          small = {
            children = 8;
            jobs = 4;
            memory = "1G";
          };
          medium = {
            children = 32;
            jobs = 12;
            memory = "2G";
          };
          large = {
            children = 128;
            jobs = 40;
            memory = "6G";
          };
        }
        .${request.size};
    in
    {
      config = lib.mkMerge [
        {
          fediversity.applicationData.pixelfed = {
            # nixpkgs' module prefers it: Pixelfed's support of PostgreSQL is incomplete.
            database = "mysql";
            directories = [
              "/var/lib/pixelfed"
              "/var/lib/redis-pixelfed"
            ];
          };

          clan.core.vars.generators = lib.mapAttrs' (
            name: deployment:
            lib.nameValuePair "${name}-secrets" {
              files.app-key.restartUnits = lib.optionals deployment.enable restartUnits;
              runtimeInputs = [
                pkgs.coreutils
                pkgs.openssl
              ];
              # 32 bytes, in the form that Laravel reads.
              script = ''
                printf 'base64:%s' "$(openssl rand -base64 32)" > "$out"/app-key
              '';
            }
          ) deployments;
        }

        (lib.mkIf (request != null) {
          services.pixelfed = {
            enable = true;
            inherit (request) domain;
            secretFile = environment.path;
            nginx = {
              enableACME = true;
              forceSSL = true;
            };

            poolConfig."pm.max_children" = numbers.children;

            settings = {
              HORIZON_MAX_PROCESSES = numbers.jobs;
            }
            // (
              if mail == null then
                { MAIL_DRIVER = "log"; }
              else
                {
                  MAIL_DRIVER = "smtp";
                  MAIL_HOST = mail.host;
                  MAIL_PORT = mail.port;
                  MAIL_ENCRYPTION = if mail.port == 465 then "ssl" else "tls";
                  MAIL_FROM_ADDRESS = mail.from;
                  MAIL_FROM_NAME = request.domain;
                }
                // lib.optionalAttrs (mail.user != null) { MAIL_USERNAME = mail.user; }
            )
            // lib.optionalAttrs (storage != null) {
              PF_ENABLE_CLOUD = true;
              FILESYSTEM_CLOUD = "s3";
              AWS_ENDPOINT = "https://${storage.endpoint}";
              AWS_DEFAULT_REGION = storage.region;
              AWS_BUCKET = storage.bucket;
              AWS_USE_PATH_STYLE_ENDPOINT = true;
              # Where people's browsers fetch uploads.
              AWS_URL = "https://${storage.bucket}.${storage.endpoint}";
            };
          };

          fediversity.secrets.s3 = lib.mkIf (storage != null) { ${name} = { inherit restartUnits; }; };
          fediversity.secrets.mail = lib.mkIf (mail != null && mail.user != null) {
            ${name} = { inherit restartUnits; };
          };
          fediversity.environmentFiles.${name} = {
            variables = {
              APP_KEY = secret "secrets" "app-key";
            }
            // lib.optionalAttrs (mail != null && mail.user != null) {
              MAIL_PASSWORD = secret "mail" "password";
            }
            // lib.optionalAttrs (storage != null) {
              AWS_ACCESS_KEY_ID = secret "s3" "access-key-id";
              AWS_SECRET_ACCESS_KEY = secret "s3" "secret-access-key";
            };
            # The first writes Pixelfed's own settings file; the others read that.
            units = [
              "pixelfed-data-setup"
              "pixelfed-horizon"
              "phpfpm-pixelfed"
            ];
          };

          systemd.services = lib.genAttrs [ "phpfpm-pixelfed" "pixelfed-horizon" ] (_: {
            serviceConfig.MemoryHigh = numbers.memory;
          });
        })

        # Not where the flake is evaluated without nixpkgs, which knows of no unit to take the programs from.
        (lib.optionalAttrs (options.services.pixelfed ? package) {
          systemd.services = lib.mkIf (request != null) {
            "fediversity-${name}-initial-user" = {
              description = "Initial user of ${name}";
              wantedBy = [ "multi-user.target" ];
              requires = [ "phpfpm-pixelfed.service" ];
              after = [
                "pixelfed-data-setup.service"
                "phpfpm-pixelfed.service"
              ];
              unitConfig.ConditionPathExists = "!/var/lib/pixelfed/.initial-user";
              environment = {
                INITIAL_USERNAME = request.initialUser.username;
                INITIAL_DISPLAY_NAME = request.initialUser.displayName;
                INITIAL_EMAIL = request.initialUser.email;
              };
              # Has `pixelfed-manage` in it, which nixpkgs offers nowhere else.
              inherit (config.systemd.services.pixelfed-data-setup) path;
              serviceConfig = {
                Type = "oneshot";
                RemainAfterExit = true;
                User = "pixelfed";
                Group = "pixelfed";
                StateDirectory = "pixelfed";
                LoadCredential = [ "password:${secret "initial-user" "password"}" ];
              };
              script = ''
                pixelfed-manage tinker --execute='require "${./scripts/pixelfed-initial-user.php}";'
                touch /var/lib/pixelfed/.initial-user
              '';
            };
          };
        })
      ];
    };
}
