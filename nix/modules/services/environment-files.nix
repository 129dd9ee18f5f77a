# Secrets that an application takes only from its environment: written to a file below /run when its units start.
{
  flake.modules.nixos.applications =
    { config, lib, ... }:
    let
      inherit (lib) mkOption types;

      environmentFile =
        { name, ... }:
        {
          options = {
            variables = mkOption {
              type = types.attrsOf types.str;
              default = { };
              description = "The file that holds the value of each variable.";
            };
            units = mkOption {
              type = types.listOf types.str;
              default = [ ];
              description = "The services that start after the file is there and are restarted with it.";
            };
            unit = mkOption {
              type = types.str;
              default = "fediversity-${name}-environment";
              readOnly = true;
              description = "The service that writes the file.";
            };
            path = mkOption {
              type = types.str;
              default = "/run/fediversity-${name}/environment";
              readOnly = true;
              description = "The file, for `EnvironmentFile`.";
            };
          };
        };

      writer = name: file: {
        description = "Secrets of ${name} as an environment file";
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          # Root's alone: systemd reads the file before a service becomes somebody else.
          RuntimeDirectory = "fediversity-${name}";
          RuntimeDirectoryMode = "0700";
          LoadCredential = lib.mapAttrsToList (variable: path: "${variable}:${path}") file.variables;
        };
        script = builtins.readFile ./scripts/environment-file.sh;
      };

      reader = file: {
        requires = [ "${file.unit}.service" ];
        after = [ "${file.unit}.service" ];
      };
    in
    {
      options.fediversity.environmentFiles = mkOption {
        type = types.attrsOf (types.submodule environmentFile);
        default = { };
        internal = true;
        description = "Environment files with secrets, by deployment.";
      };

      config.systemd.services = lib.mkMerge (
        lib.mapAttrsToList (
          name: file: { ${file.unit} = writer name file; } // lib.genAttrs file.units (_: reader file)
        ) config.fediversity.environmentFiles
      );
    };
}
