# The parts of the flake that are for people: shell, formatter and checks, as plain values.
# `evaluation` is the folder with the inputs and a stub of nixpkgs. That stub lacks the programs that the shell brings,
# so they are added here by the names they have in nixpkgs; a name that is not in this list fails the evaluation.
{ src, evaluation }:
let
  inputs = import (evaluation + "/inputs.nix") { };
  inherit (inputs.nixpkgs) lib;

  program = name: {
    type = "derivation";
    inherit name;
    outPath = "/nix/store/00000000000000000000000000000000-${name}";
  };

  programs = lib.genAttrs [
    "deadnix"
    "git"
    "just"
    "nix"
    "nixfmt"
    "nixfmt-tree"
    "openssh"
    "pulumi"
    "python3"
    "ruff"
    "statix"
    "uv"
    "zlib"
  ] program;

  extend =
    pkgs:
    pkgs
    // programs
    // {
      pulumiPackages.pulumi-python = program "pulumi-python";
      stdenv = pkgs.stdenv // {
        cc.cc.lib = program "libstdcxx";
      };
      symlinkJoin = { name, paths }: program name // { inherit paths; };
      mkShellNoCC = arguments: program "shell" // { inherit arguments; };
      runCommand =
        name: arguments: script:
        program name
        // {
          inherit script;
          tools = map (tool: tool.name) arguments.nativeBuildInputs;
        };
    };

  flake = import (evaluation + "/call-flake.nix") {
    inherit src;
    inputs = inputs // {
      nixpkgs = inputs.nixpkgs // {
        legacyPackages = lib.mapAttrs (_: extend) inputs.nixpkgs.legacyPackages;
      };
    };
  };
in
{
  shells = lib.mapAttrs (
    _: shells: map (package: package.name) shells.default.arguments.packages
  ) flake.devShells;
  environments = lib.mapAttrs (_: shells: shells.default.arguments.env) flake.devShells;
  hooks = lib.mapAttrs (_: shells: shells.default.arguments.shellHook) flake.devShells;
  linters = lib.mapAttrs (_: packages: map (path: path.name) packages.nix-tools.paths) flake.packages;
  formatters = lib.mapAttrs (_: formatter: formatter.name) flake.formatter;
  checks = lib.mapAttrs (_: builtins.attrNames) flake.checks;
  scripts = lib.mapAttrs (
    _: checks:
    lib.genAttrs [ "format" "lint" ] (name: {
      inherit (checks.${name}) script tools;
    })
  ) flake.checks;
}
