# PeerTube by nixpkgs' module, as a deployment asks for it: PostgreSQL and Redis on the machine, nginx in front.
{
  flake.modules.nixos.applications =
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      request = config.fediversity.running.peertube or null;
      inherit (request) name storage mail;
      deployments = lib.filterAttrs (
        _: deployment: deployment.application == "peertube"
      ) config.fediversity.deployments;
      secret =
        generator: file: config.clan.core.vars.generators."${name}-${generator}".files.${file}.path;
      environment = config.fediversity.environmentFiles.${name};

      numbers =
        {
          small = {
            jobs = 1;
            threads = 1;
            connections = 5;
            heap = 1024;
            memory = "2G";
          };
          medium = {
            jobs = 2;
            threads = 2;
            connections = 10;
            heap = 2048;
            memory = "4G";
          };
          large = {
            jobs = 4;
            threads = 4;
            connections = 20;
            heap = 4096;
            memory = "12G";
          };
        }
        .${request.size};

      # One bucket for all kinds of files, each below a prefix of its own.
      folder = prefix: {
        bucket_name = storage.bucket;
        prefix = "${prefix}/";
        # Where people's browsers fetch them.
        base_url = "https://${storage.bucket}.${storage.endpoint}";
      };
    in
    {
      config = lib.mkMerge [
        {
          fediversity.applicationData.peertube = {
            database = "postgresql";
            directories = [
              "/var/lib/peertube"
              "/var/lib/redis-peertube"
              "/var/cache/peertube"
            ];
          };

          clan.core.vars.generators = lib.mapAttrs' (
            name: deployment:
            lib.nameValuePair "${name}-secrets" {
              files.secret = {
                # The service itself reads it. The user is there only while PeerTube runs.
                owner = if deployment.enable then "peertube" else "root";
                restartUnits = lib.optional deployment.enable "peertube.service";
              };
              runtimeInputs = [
                pkgs.coreutils
                pkgs.openssl
              ];
              script = ''
                printf '%s' "$(openssl rand -hex 32)" > "$out"/secret
              '';
            }
          ) deployments;
        }

        (lib.mkIf (request != null) {
          services.peertube = {
            enable = true;
            localDomain = request.domain;
            listenWeb = 443;
            enableWebHttps = true;
            configureNginx = true;
            database.createLocally = true;
            redis.createLocally = true;

            secrets.secretsFile = secret "secrets" "secret";
            serviceEnvironmentFile = environment.path;

            smtp.passwordFile = lib.mkIf (mail != null && mail.user != null) (secret "mail" "password");

            settings = lib.mkMerge [
              {
                admin.email = request.initialUser.email;
                database.pool.max = numbers.connections;
                transcoding = {
                  enabled = true;
                  inherit (numbers) threads;
                  concurrency = numbers.jobs;
                };
                import.videos.concurrency = numbers.jobs;
              }
              (lib.mkIf (mail != null) {
                smtp = {
                  hostname = mail.host;
                  inherit (mail) port;
                  username = mail.user;
                  tls = mail.port == 465;
                  from_address = mail.from;
                };
              })
              (lib.mkIf (storage != null) {
                object_storage = {
                  enabled = true;
                  endpoint = "https://${storage.endpoint}";
                  inherit (storage) region;
                  force_path_style = true;
                  # Garage knows no access lists; the bucket as a whole is readable.
                  upload_acl = {
                    public = null;
                    private = null;
                  };
                  web_videos = folder "web-videos";
                  streaming_playlists = folder "streaming-playlists";
                  original_video_files = folder "original-video-files";
                  user_exports = folder "user-exports";
                  captions = folder "captions";
                };
              })
            ];
          };

          # nixpkgs' module leaves the certificate to whoever uses it.
          services.nginx.virtualHosts.${request.domain} = {
            enableACME = true;
            forceSSL = true;
          };

          fediversity.secrets.s3 = lib.mkIf (storage != null) {
            ${name}.restartUnits = [ "${environment.unit}.service" ];
          };
          fediversity.secrets.mail = lib.mkIf (mail != null && mail.user != null) {
            ${name} = {
              owner = "peertube";
              restartUnits = [ "peertube.service" ];
            };
          };
          fediversity.environmentFiles.${name} = {
            variables = {
              # Of `root`, the administrator that PeerTube makes when it starts for the first time.
              PT_INITIAL_ROOT_PASSWORD = secret "initial-user" "password";
            }
            // lib.optionalAttrs (storage != null) {
              AWS_ACCESS_KEY_ID = secret "s3" "access-key-id";
              AWS_SECRET_ACCESS_KEY = secret "s3" "secret-access-key";
            };
            units = [ "peertube" ];
          };

          systemd.services.peertube = {
            environment.NODE_OPTIONS = "--max-old-space-size=${toString numbers.heap}";
            serviceConfig.MemoryHigh = numbers.memory;
          };

          systemd.services."fediversity-${name}-initial-user" = {
            description = "Initial user of ${name}";
            wantedBy = [ "multi-user.target" ];
            requires = [ "peertube.service" ];
            after = [ "peertube.service" ];
            unitConfig.ConditionPathExists = "!/var/lib/peertube/.initial-user";
            environment = {
              PEERTUBE = "http://localhost:9000";
              DOMAIN = request.domain;
              INITIAL_USERNAME = request.initialUser.username;
              INITIAL_DISPLAY_NAME = request.initialUser.displayName;
              INITIAL_EMAIL = request.initialUser.email;
            };
            path = [
              pkgs.curl
              pkgs.jq
            ];
            serviceConfig = {
              Type = "oneshot";
              RemainAfterExit = true;
              User = "peertube";
              Group = "peertube";
              LoadCredential = [ "password:${secret "initial-user" "password"}" ];
            };
            script = ''
              ${builtins.readFile ./scripts/peertube-initial-user.sh}
              touch /var/lib/peertube/.initial-user
            '';
          };
        })
      ];
    };
}
