# Fediverse applications that people ask for: `fediversity.deployments.<name>` is the request, with the same names as in
# `fleet.json` and in what NixOps4 is handed. Each application has a file of its own, which says how it is run.
{ config, lib, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
  inherit (lib) mkOption types;

  required =
    type: description:
    mkOption {
      inherit type description;
    };

  optional =
    type: default: description:
    mkOption {
      inherit type default description;
    };

  initialUser.options = {
    username = required types.str "The name people see behind the `@`.";
    displayName = required types.str "The name in full.";
    email = required types.str "Where its mails go.";
  };

  storage.options = {
    endpoint = required types.str "The host of the S3 service, as Garage's or another one's, reached by HTTPS.";
    region = optional types.str "garage" "The region that the S3 service is configured with.";
    bucket = required types.str "The bucket, which exists or is made by the `garage` aspect.";
  };

  mail.options = {
    host = required types.str "The relay that takes the mails.";
    port =
      optional types.port 587
        "Its port: 465 is spoken to by TLS from the start, every other by STARTTLS.";
    from = required types.str "What the mails are from.";
    user = optional (types.nullOr types.str) null "Who logs in at the relay; nobody if not given.";
  };

  request.options = {
    application = required (types.enum (import ../../lib/fleet/applications.nix)) "What is run.";
    machine = required types.str "The NixOS machine it runs on.";
    enable = optional types.bool true "Whether it runs. A disabled one is taken down; its data stays.";
    removeData =
      optional types.bool false
        "Whether the data of a disabled one is removed as well, for good.";
    domain = required types.str "Where people reach it.";
    initialUser = required (types.submodule initialUser) "The first account, who may do everything; its password is a var.";
    size = optional (types.enum [
      "small"
      "medium"
      "large"
    ]) "small" "How much work it is made for: some people, hundreds, thousands.";
    storage = optional (types.nullOr (
      types.submodule storage
    )) null "Where uploads are kept; the machine's own disk if not given.";
    mail = optional (types.nullOr (
      types.submodule mail
    )) null "The relay for its mail; it sends none if not given.";
  };
in
{
  flake.modules.nixos.applications =
    {
      config,
      extendModules,
      lib,
      ...
    }:
    let
      inherit (config.fediversity) deployments;
      machine = config.networking.hostName;

      asked = lib.mapAttrsToList (name: request: request // { inherit name; }) deployments;
      running = lib.filter (request: request.enable) asked;
      byApplication = lib.groupBy (request: request.application) asked;

      # What Mastodon and PeerTube let an account be called; Pixelfed takes these as well.
      namesPeople = request: builtins.match "[a-z0-9_]{1,30}" request.initialUser.username != null;
    in
    {
      imports = [ nixos.deployment-secrets ];

      options.fediversity = {
        deployments = mkOption {
          type = types.attrsOf (types.submodule request);
          default = { };
          description = "The applications of this machine, by the name of their deployment.";
        };

        running = mkOption {
          type = types.attrsOf types.raw;
          readOnly = true;
          internal = true;
          description = "The enabled deployment of each application, with its name in it.";
        };
      };

      config = lib.mkMerge [
        {
          # What the fleet file asks of this machine, so that its own update takes no application down.
          # NixOps4 puts what it is handed in its place.
          fediversity.deployments = lib.mapAttrs (_: lib.mkDefault) (
            lib.filterAttrs (_: request: request.machine == machine) fleet.deployments
          );

          fediversity.running = lib.listToAttrs (
            map (request: lib.nameValuePair request.application request) running
          );

          # A disabled deployment keeps its secrets, for it may come back.
          fediversity.secrets = {
            initialUser = lib.mapAttrs (_: _: { }) deployments;
            s3 = lib.mapAttrs (_: _: { }) (lib.filterAttrs (_: request: request.storage != null) deployments);
            mail = lib.mapAttrs (_: _: { }) (
              lib.filterAttrs (_: request: request.mail != null && request.mail.user != null) deployments
            );
          };

          # What runs here, for whoever looks: NixOps4 itself says nothing of what it did. It holds no secret.
          environment.etc = lib.mapAttrs' (
            name: request:
            lib.nameValuePair "fediversity/deployments/${name}.json" { text = builtins.toJSON request + "\n"; }
          ) (lib.filterAttrs (_: request: request.enable) deployments);

          # The machine without what people ask for: a changed request leaves this system as it is.
          # Stronger than mkForce, with which NixOps4 sets the requests.
          system.build.withoutDeployments =
            (extendModules {
              modules = [ { fediversity.deployments = lib.mkOverride 40 { }; } ];
            }).config.system.build.toplevel;

          assertions =
            lib.mapAttrsToList (application: requests: {
              assertion = lib.length requests == 1;
              message =
                "${machine} has ${toString (lib.length requests)} deployments of ${application}: "
                + "${lib.concatMapStringsSep ", " (request: request.name) requests}. "
                + "A machine holds one of each application, disabled ones included; give the others another machine.";
            }) byApplication
            ++ lib.concatMap (request: [
              {
                assertion = request.machine == machine;
                message = "Deployment ${request.name} is for ${request.machine}, but is part of ${machine}.";
              }
              {
                assertion = request.removeData -> !request.enable;
                message =
                  "Deployment ${request.name}: the data of a running application would be removed; "
                  + "set enable = false as well.";
              }
              {
                assertion = namesPeople request;
                message =
                  "Deployment ${request.name}: no application lets a user be called "
                  + "'${request.initialUser.username}'; use up to 30 lower-case letters, digits and underscores.";
              }
            ]) asked;
        }

        (lib.mkIf (running != [ ]) {
          networking.firewall.allowedTCPPorts = [
            80
            443
          ];

          services.nginx = {
            enable = true;
            recommendedGzipSettings = true;
            recommendedOptimisation = true;
            recommendedTlsSettings = true;
          };

          # Mastodon and PeerTube at their largest open more than the 100 that PostgreSQL has by itself.
          services.postgresql.settings.max_connections = lib.mkDefault 200;

          security.acme = {
            acceptTerms = true;
            # The authority writes there when a certificate is about to expire.
            defaults.email = lib.mkDefault (lib.head running).initialUser.email;
          };
        })
      ];
    };
}
