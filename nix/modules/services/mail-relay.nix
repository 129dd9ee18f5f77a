# A mail relay for development: applications submit their mails here with a password, and none leaves the machine
# unless somebody says so. Kept mails lie in /var/mail-sink/mail-sink, a Maildir.
{ config, lib, ... }:
let
  inherit (config) fleet;
  inherit (config.flake.modules) nixos;
  inherit (lib) mkOption types;
in
{
  flake.modules.nixos.mail-relay =
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      cfg = config.fediversity.mailRelay;
      vars = config.clan.core.vars.generators;
      certificate = config.security.acme.certs.${cfg.domain}.directory;

      senders = lib.filterAttrs (
        _: request: request.mail != null && request.mail.host == cfg.domain && request.mail.user != null
      ) fleet.deployments;

      # Who may log in is a database of Cyrus SASL, made when the relay starts.
      database = "/run/mail-relay/users";
      sasl = pkgs.writeTextDir "smtpd.conf" ''
        pwcheck_method: auxprop
        auxprop_plugin: sasldb
        mech_list: PLAIN LOGIN
        sasldb_path: ${database}
      '';
    in
    {
      imports = [ nixos.deployment-secrets ];

      options.fediversity.mailRelay = {
        domain = mkOption {
          type = types.str;
          description = "The `host` of the deployments that send by this relay.";
        };
        keep = mkOption {
          type = types.bool;
          default = true;
          description = "Whether every mail is kept here, whomever it is for; otherwise they go out.";
        };
      };

      config = {
        services.postfix = {
          enable = true;
          enableSmtp = false;
          enableSubmission = true;
          submissionOptions = {
            smtpd_tls_security_level = "encrypt";
            smtpd_sasl_auth_enable = "yes";
            smtpd_sasl_type = "cyrus";
            smtpd_client_restrictions = "permit_sasl_authenticated,reject";
            smtpd_relay_restrictions = "permit_sasl_authenticated,reject";
          };
          settings.main = {
            myhostname = cfg.domain;
            smtpd_tls_chain_files = [
              "${certificate}/key.pem"
              "${certificate}/fullchain.pem"
            ];
            cyrus_sasl_config_path = "${sasl}";
            smtpd_sasl_local_domain = cfg.domain;
          }
          // lib.optionalAttrs cfg.keep {
            # Every recipient is the sink, and what would still go elsewhere is refused.
            mydestination = [ "localhost" ];
            virtual_alias_maps = [ "static:mail-sink@localhost" ];
            mail_spool_directory = "/var/mail-sink/";
            default_transport = "error:no mail leaves this relay";
            relay_transport = "error:no mail leaves this relay";
          };
        };

        # Without a certificate, be it its own, it would take no mail.
        systemd.services.postfix = {
          wants = [ "acme-${cfg.domain}.service" ];
          after = [ "acme-${cfg.domain}.service" ];
        };

        systemd.services.mail-relay-users = {
          description = "Who may log in at the mail relay";
          requiredBy = [ "postfix.service" ];
          before = [ "postfix.service" ];
          path = [ pkgs.cyrus_sasl ];
          environment = {
            DATABASE = database;
            REALM = cfg.domain;
            USERS = lib.concatStringsSep " " (
              lib.mapAttrsToList (name: request: "${name}=${request.mail.user}") senders
            );
          };
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            RuntimeDirectory = "mail-relay";
            RuntimeDirectoryMode = "0750";
            Group = "postfix";
            LoadCredential = lib.mapAttrsToList (
              name: _: "${name}:${vars."${name}-mail".files.password.path}"
            ) senders;
          };
          script = builtins.readFile ./scripts/mail-relay-users.sh;
        };

        users.users.mail-sink = lib.mkIf cfg.keep {
          isSystemUser = true;
          group = "mail-sink";
        };
        users.groups.mail-sink = lib.mkIf cfg.keep { };
        systemd.tmpfiles.rules = lib.mkIf cfg.keep [ "d /var/mail-sink 0700 mail-sink mail-sink -" ];

        services.nginx = {
          enable = true;
          virtualHosts.${cfg.domain} = {
            enableACME = true;
            forceSSL = true;
          };
        };
        security.acme = {
          acceptTerms = true;
          certs.${cfg.domain}.reloadServices = [ "postfix.service" ];
        };
        networking.firewall.allowedTCPPorts = [
          80
          443
          587
        ];

        fediversity.secrets.mail = lib.mapAttrs (_: _: {
          restartUnits = [ "mail-relay-users.service" ];
        }) senders;
      };
    };
}
