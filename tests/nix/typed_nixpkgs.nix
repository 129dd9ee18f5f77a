# The stand-in for nixpkgs with the services' options declared one by one (service_options.nix).
{ stub, nixpkgs }:
let
  inherit (nixpkgs) lib;

  declared = [
    "services.mastodon"
    "services.peertube"
    "services.pixelfed"
    "services.postgresql"
    "services.nginx"
    "services.garage"
    "services.userborn"
    "security.acme"
  ];

  # The stand-in's own list lets everything pass below these.
  base = scopedImport {
    builtins = builtins // {
      fromJSON =
        content:
        let
          value = builtins.fromJSON content;
        in
        if builtins.isList value then lib.subtractLists declared value else value;
    };
  } "${stub}/nixos.nix";

  fake =
    name:
    let
      package = {
        type = "derivation";
        inherit name;
        outPath = "/nix/store/00000000000000000000000000000000-${name}";
        drvPath = "/nix/store/00000000000000000000000000000000-${name}.drv";
        outputName = "out";
        out = package;
        meta = { };
      };
    in
    package;

  packages = lib.genAttrs [
    "cyrus_sasl"
    "garage_2"
    "mariadb"
    "mastodon"
    "peertube"
    "pixelfed"
    "postgresql"
  ] fake;

  # What a system is made of, as its path: so two systems are told apart by what is in them.
  system =
    { config, lib, ... }:
    let
      content = {
        inherit (config.systemd) services;
        inherit (config.services.nginx) virtualHosts;
        generators = lib.attrNames config.clan.core.vars.generators;
        applications = lib.filterAttrs (_: service: service.enable) {
          inherit (config.services) mastodon peertube pixelfed;
        };
      };
      failed = lib.filter (check: !check.assertion) config.assertions;
      hash = builtins.hashString "sha256" (builtins.unsafeDiscardStringContext (builtins.toJSON content));
    in
    {
      system.build.toplevel = lib.mkForce (
        lib.throwIf (failed != [ ]) "Failed assertions:\n${
          lib.concatMapStringsSep "\n" (check: "- ${check.message}") failed
        }" "/nix/store/${hash}"
      );
    };
in
nixpkgs
// {
  lib = lib // {
    nixosSystem =
      {
        modules,
        specialArgs ? { },
        ...
      }:
      lib.evalModules {
        class = "nixos";
        specialArgs = specialArgs // {
          modulesPath = "${stub}/modules";
        };
        modules = modules ++ [
          base
          ./service_options.nix
          system
          (
            { config, ... }:
            {
              _module.args = {
                pkgs = lib.mkDefault (nixpkgs.legacyPackages.${config.nixpkgs.hostPlatform} // packages);
                utils = { };
              };
            }
          )
        ];
      };
  };
}
