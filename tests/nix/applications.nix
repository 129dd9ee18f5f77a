# What requests make of a machine, for tests/nix/test_applications.py: `scenarios` in the flake's `evaluation.json` says
# by name which requests and aspects to evaluate.
{ src }:
let
  inherit (import ./typed_flake.nix { inherit src; })
    asked
    flake
    lib
    machine
    ;

  # The machine with other requests than the fleet file's, and with aspects that no machine of the fleet has yet.
  evaluated =
    {
      requests ? null,
      aspects ? [ ],
      settings ? { },
    }:
    (machine.extendModules {
      modules = [
        {
          imports = map (aspect: flake.modules.nixos.${aspect}) aspects;
          config = {
            fediversity =
              settings // lib.optionalAttrs (requests != null) { deployments = lib.mkForce requests; };
          };
        }
      ];
    }).config;

  # Attributes of packages end nowhere; their paths say which they are.
  plain =
    value:
    if lib.isDerivation value then
      value.outPath
    else if builtins.isAttrs value then
      lib.mapAttrs (_: plain) value
    else if builtins.isList value then
      map plain value
    else
      value;

  observed =
    config:
    let
      assertions = map (check: check.message) (lib.filter (check: !check.assertion) config.assertions);
    in
    plain {
      inherit assertions;
      # A service that is off has options without a value.
      services = lib.genAttrs [
        "garage"
        "mastodon"
        "mysql"
        "nginx"
        "peertube"
        "pixelfed"
        "postfix"
        "postgresql"
        "powerdns"
      ] (name: if config.services.${name}.enable then config.services.${name} else null);
      inherit (config.fediversity) deployments applicationData;
      deployed = lib.mapAttrs (_: file: file.text) (
        lib.filterAttrs (name: _: lib.hasPrefix "fediversity/deployments/" name) config.environment.etc
      );
      units = config.systemd.services;
      ports = config.networking.firewall.allowedTCPPorts;
      inherit (config.security) acme;
      generators =
        lib.mapAttrs
          (_: generator: {
            inherit (generator) share script;
            files = lib.mapAttrs (_: file: {
              inherit (file)
                deploy
                group
                mode
                owner
                path
                restartUnits
                ;
            }) generator.files;
          })
          (
            lib.filterAttrs (
              name: _: lib.any (part: lib.hasInfix part name) asked.generators
            ) config.clan.core.vars.generators
          );
      system = if assertions == [ ] then config.system.build.toplevel else null;
      inherit (config.system.build) withoutDeployments;
    };
in
{
  request = import ./option_schema.nix {
    inherit lib;
  } machine.options.fediversity.deployments.type.nestedTypes.elemType;

  applications = lib.mapAttrs (_: scenario: observed (evaluated scenario)) asked.scenarios;
}
