# Secrets, tier 2: what others made up, such as a provider's API token or the password of a mail relay.
# A service's module says `externalSecrets.NAME = { owner = …; }`; the value is the key NAME of `nix/secrets/NAME.yaml`,
# a sops file that a person writes, encrypted for people and for the machines that use it. See docs/secrets.md.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  fileOf = name: ../../secrets + "/${name}.yaml";
  isThere = name: builtins.pathExists (fileOf name);
in
{
  flake.modules.nixos.external-secrets =
    { config, ... }:
    let
      wanted = config.externalSecrets;
      missing = lib.filter (name: !isThere name) (lib.attrNames wanted);

      secret = types.submodule (
        { name, ... }:
        {
          options = {
            owner = mkOption {
              type = types.str;
              default = "root";
              description = "Who may read it on the machine.";
            };
            group = mkOption {
              type = types.str;
              default = "root";
              description = "The group of the file, which may read it if `mode` says so.";
            };
            mode = mkOption {
              type = types.strMatching "0[0-7]{3}";
              default = "0400";
              description = "The permissions of the file.";
            };
            restartUnits = mkOption {
              type = types.listOf types.str;
              default = [ ];
              description = "Units that are restarted when the value changes.";
            };
            path = mkOption {
              type = types.str;
              default = "/run/secrets/${name}";
              readOnly = true;
              description = "Where the value is on the machine, once its file is there.";
            };
          };
        }
      );
    in
    {
      options.externalSecrets = mkOption {
        type = types.attrsOf secret;
        default = { };
        description = "Secrets of this machine that nobody can generate.";
      };

      config = {
        sops.secrets = lib.mapAttrs (name: use: {
          sopsFile = fileOf name;
          inherit (use)
            owner
            group
            mode
            restartUnits
            path
            ;
        }) (removeAttrs wanted missing);

        warnings = map (
          name:
          "${config.networking.hostName} uses the secret ${name}, and nix/secrets/${name}.yaml is not there: "
          + "see docs/secrets.md"
        ) missing;
      };
    };
}
