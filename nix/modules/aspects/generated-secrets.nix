# Secrets, tier 1: what can be generated, such as a password between services or an API token that this fleet hands out.
# A service's module says `generatedSecrets.NAME = { owner = …; }` and reads the file that `path` names.
# `clan vars generate` makes the value, encrypted for people and this machine alone; clan deploys it. See docs/secrets.md.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  flake.modules.nixos.generated-secrets =
    { config, pkgs, ... }:
    let
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
            neededFor = mkOption {
              type = types.enum [
                "services"
                "users"
              ];
              default = "services";
              description = "`users` for what has to be there before users are made; such a file belongs to root.";
            };
            restartUnits = mkOption {
              type = types.listOf types.str;
              default = [ ];
              description = "Units that are restarted when the value changes.";
            };
            bytes = mkOption {
              type = types.ints.between 16 64;
              default = 32;
              description = "How much randomness; the value is twice as many hexadecimal digits.";
            };
            path = mkOption {
              type = types.str;
              default = config.clan.core.vars.generators.${name}.files.secret.path;
              readOnly = true;
              description = "Where the value is on the machine.";
            };
          };
        }
      );
    in
    {
      options.generatedSecrets = mkOption {
        type = types.attrsOf secret;
        default = { };
        description = "Secrets of this machine that clan generates.";
      };

      config.clan.core.vars.generators = lib.mapAttrs (_: wanted: {
        files.secret = {
          inherit (wanted)
            owner
            group
            mode
            neededFor
            restartUnits
            ;
        };
        runtimeInputs = [ pkgs.coreutils ];
        script = ''
          od -An -v -tx1 -N ${toString wanted.bytes} /dev/urandom | tr -d ' \n' > "$out"/secret
        '';
      }) config.generatedSecrets;
    };
}
