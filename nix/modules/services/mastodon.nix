# Mastodon by nixpkgs' module, as a deployment asks for it: PostgreSQL and Redis on the machine, nginx in front.
{
  flake.modules.nixos.applications =
    {
      config,
      lib,
      options,
      ...
    }:
    let
      request = config.fediversity.running.mastodon or null;
      inherit (request) name storage mail;
      secret =
        generator: file: config.clan.core.vars.generators."${name}-${generator}".files.${file}.path;
      environment = config.fediversity.environmentFiles.${name};

      numbers =
        {
          small = {
            web = 1;
            sidekiq = 5;
            streaming = 1;
            memory = "1G";
          };
          medium = {
            web = 2;
            sidekiq = 25;
            streaming = 1;
            memory = "2G";
          };
          large = {
            web = 4;
            sidekiq = 50;
            streaming = 2;
            memory = "6G";
          };
        }
        .${request.size};

      workers = [
        "mastodon-web"
        "mastodon-sidekiq-all"
      ]
      ++ map (number: "mastodon-streaming-${toString number}") (lib.range 1 numbers.streaming);
    in
    {
      config = lib.mkMerge [
        {
          fediversity.applicationData.mastodon = {
            database = "postgresql";
            directories = [
              "/var/lib/mastodon"
              "/var/lib/redis-mastodon"
              "/var/cache/mastodon"
              "/var/log/mastodon"
            ];
          };
        }

        (lib.mkIf (request != null) {
          services.mastodon = {
            enable = true;
            localDomain = request.domain;
            configureNginx = true;

            webProcesses = numbers.web;
            webThreads = 5;
            sidekiqThreads = numbers.sidekiq;
            streamingProcesses = numbers.streaming;

            smtp = {
              createLocally = false;
              fromAddress = if mail == null then "mastodon@${request.domain}" else mail.from;
              host = lib.mkIf (mail != null) mail.host;
              port = lib.mkIf (mail != null) mail.port;
              authenticate = mail != null && mail.user != null;
              user = lib.mkIf (mail != null) mail.user;
              passwordFile = lib.mkIf (mail != null && mail.user != null) (secret "mail" "password");
            };

            extraConfig =
              lib.optionalAttrs (mail != null) {
                SMTP_AUTH_METHOD = if mail.user == null then "none" else "plain";
                SMTP_TLS = lib.boolToString (mail.port == 465);
              }
              // lib.optionalAttrs (storage != null) {
                S3_ENABLED = "true";
                S3_ENDPOINT = "https://${storage.endpoint}";
                S3_HOSTNAME = storage.endpoint;
                S3_REGION = storage.region;
                S3_BUCKET = storage.bucket;
                # Where people's browsers fetch uploads.
                S3_ALIAS_HOST = "${storage.bucket}.${storage.endpoint}";
                # Garage knows no access lists; the bucket as a whole is readable.
                S3_PERMISSION = "";
              };

            extraEnvFiles = lib.mkIf (storage != null) [ environment.path ];
          };

          fediversity.secrets.s3 = lib.mkIf (storage != null) {
            ${name}.restartUnits = [ "${environment.unit}.service" ];
          };
          fediversity.secrets.mail = lib.mkIf (mail != null && mail.user != null) {
            ${name} = {
              # A unit of nixpkgs reads it as this user.
              owner = "mastodon";
              restartUnits = map (unit: "${unit}.service") ([ "mastodon-init-dirs" ] ++ workers);
            };
          };
          fediversity.environmentFiles = lib.mkIf (storage != null) {
            ${name} = {
              variables = {
                AWS_ACCESS_KEY_ID = secret "s3" "access-key-id";
                AWS_SECRET_ACCESS_KEY = secret "s3" "secret-access-key";
              };
              units = [
                "mastodon-init-db"
                "mastodon-media-auto-remove"
              ]
              ++ workers;
            };
          };

          systemd.services = lib.genAttrs workers (_: {
            serviceConfig.MemoryHigh = numbers.memory;
          });
        })

        # Not where the flake is evaluated without nixpkgs, which knows of no package.
        (lib.optionalAttrs (options.services.mastodon ? package) {
          systemd.services = lib.mkIf (request != null) {
            "fediversity-${name}-initial-user" = {
              description = "Initial user of ${name}";
              wantedBy = [ "multi-user.target" ];
              requires = [ "mastodon-web.service" ];
              after = [ "mastodon-web.service" ];
              unitConfig.ConditionPathExists = "!/var/lib/mastodon/.initial-user";
              # The variables of the unit that makes the database; its path would stand beside this one's.
              environment = removeAttrs config.systemd.services.mastodon-init-db.environment [ "PATH" ] // {
                INITIAL_USERNAME = request.initialUser.username;
                INITIAL_DISPLAY_NAME = request.initialUser.displayName;
                INITIAL_EMAIL = request.initialUser.email;
              };
              path = [ config.services.mastodon.package ];
              serviceConfig = {
                Type = "oneshot";
                RemainAfterExit = true;
                User = "mastodon";
                Group = "mastodon";
                WorkingDirectory = config.services.mastodon.package;
                StateDirectory = "mastodon";
                CacheDirectory = "mastodon";
                LogsDirectory = "mastodon";
                UMask = "0027";
                EnvironmentFile = [
                  "/var/lib/mastodon/.secrets_env"
                ]
                ++ config.services.mastodon.extraEnvFiles;
                LoadCredential = [ "password:${secret "initial-user" "password"}" ];
              };
              script = ''
                rails runner ${./scripts/mastodon-initial-user.rb}
                touch /var/lib/mastodon/.initial-user
              '';
            };
          };
        })
      ];
    };
}
