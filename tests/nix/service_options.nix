# The options of services that the flake's modules set, declared one by one as nixpkgs declares them: a misspelt name or a
# value of the wrong type fails here, which the stand-in for nixpkgs by itself would let pass. A service that is enabled
# has units, as in nixpkgs, so that a test sees whether it is up. Nothing of nixpkgs is here but names and types.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkIf mkOption types;

  is = type: mkOption { inherit type; };
  by = type: default: mkOption { inherit type default; };
  flag = by types.bool false;
  on = by types.bool true;
  text = is types.str;
  texts = by (types.attrsOf types.str) { };
  file = by (types.nullOr types.path) null;
  anything = by types.anything { };
  package = name: by types.package pkgs.${name};
  setting = types.oneOf [
    types.bool
    types.int
    types.str
  ];

  cfg = config.services;

  unit = {
    wantedBy = [ "multi-user.target" ];
    environment.RUN_BY = "nixpkgs";
    path = [ pkgs.coreutils ];
  };

  vhost = types.submodule {
    freeformType = types.attrsOf types.anything;
    options = {
      enableACME = flag;
      forceSSL = flag;
    };
  };
in
{
  options = {
    services.mastodon = {
      enable = flag;
      package = package "mastodon";
      configureNginx = flag;
      localDomain = text;
      webProcesses = by types.int 2;
      webThreads = by types.int 5;
      sidekiqThreads = by types.int 25;
      streamingProcesses = is types.ints.positive;
      smtp = {
        createLocally = on;
        authenticate = flag;
        host = by types.str "localhost";
        port = by types.port 25;
        fromAddress = text;
        user = by (types.nullOr types.str) null;
        passwordFile = file;
      };
      extraConfig = by types.attrs { };
      extraEnvFiles = by (types.listOf types.path) [ ];
    };

    services.peertube = {
      enable = flag;
      package = package "peertube";
      configureNginx = flag;
      localDomain = text;
      listenHttp = by types.port 9000;
      listenWeb = by types.port 9000;
      enableWebHttps = flag;
      serviceEnvironmentFile = file;
      settings = anything;
      secrets.secretsFile = file;
      database.createLocally = flag;
      redis.createLocally = flag;
      smtp = {
        createLocally = flag;
        passwordFile = file;
      };
    };

    services.pixelfed = {
      enable = flag;
      package = package "pixelfed";
      domain = text;
      secretFile = is types.path;
      settings = by (types.attrsOf setting) { };
      nginx = by (types.nullOr vhost) null;
      poolConfig = by (types.attrsOf setting) { };
    };

    services.postgresql = {
      enable = flag;
      package = package "postgresql";
      settings = anything;
    };

    services.mysql = {
      enable = flag;
      package = is types.package;
    };

    services.nginx = {
      enable = flag;
      recommendedGzipSettings = flag;
      recommendedOptimisation = flag;
      recommendedTlsSettings = flag;
      virtualHosts = by (types.attrsOf vhost) { };
    };

    services.garage = {
      enable = flag;
      package = is types.package;
      settings = anything;
      extraEnvironment = texts;
    };

    services.powerdns = {
      enable = flag;
      extraConfig = by types.lines "launch=bind";
      secretFile = file;
    };

    services.postfix = {
      enable = flag;
      enableSmtp = on;
      enableSubmission = flag;
      submissionOptions = texts;
      settings.main = by (types.attrsOf (types.either setting (types.listOf types.str))) { };
    };

    # Read by sops-nix.
    services.userborn.enable = flag;

    security.acme = {
      acceptTerms = flag;
      defaults.email = by (types.nullOr types.str) null;
      certs = by (types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              directory = by types.str "/var/lib/acme/${name}";
              reloadServices = by (types.listOf types.str) [ ];
            };
          }
        )
      )) { };
    };
  };

  config = lib.mkMerge [
    (mkIf cfg.mastodon.enable {
      systemd.services = lib.genAttrs [
        "mastodon-init-dirs"
        "mastodon-init-db"
        "mastodon-web"
        "mastodon-sidekiq-all"
        "mastodon-media-auto-remove"
      ] (_: unit);
      services.nginx.virtualHosts.${cfg.mastodon.localDomain} = mkIf cfg.mastodon.configureNginx { };
      services.postgresql.enable = true;
    })
    (mkIf cfg.peertube.enable {
      systemd.services.peertube = unit;
      services.nginx.virtualHosts.${cfg.peertube.localDomain} = mkIf cfg.peertube.configureNginx { };
      services.postgresql.enable = true;
    })
    (mkIf cfg.pixelfed.enable {
      systemd.services = lib.genAttrs [
        "pixelfed-data-setup"
        "pixelfed-horizon"
        "phpfpm-pixelfed"
      ] (_: unit);
      services.nginx.virtualHosts.${cfg.pixelfed.domain} = mkIf (
        cfg.pixelfed.nginx != null
      ) cfg.pixelfed.nginx;
      services.mysql = {
        enable = true;
        package = lib.mkDefault pkgs.mariadb;
      };
    })
  ];
}
