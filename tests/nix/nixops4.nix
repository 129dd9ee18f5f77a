# What `nixops4 apply` is told to do, for tests/nix/test_nixops4.py: `handed` in the flake's `evaluation.json` names by
# scenario the folder that stands for the input `deployment-config`, or none.
{ src }:
let
  inherit (import ./typed_flake.nix { inherit src; }) asked lib machine;

  root =
    folder:
    let
      more = lib.optionalAttrs (folder != null) { deployment-config.outPath = folder; };
      inherit (import ./typed_flake.nix { inherit src more; }) flake;
    in
    flake.nixops4.rootFunction {
      resourceProviderSystem = "x86_64-linux";
      outputValues = { };
    };

  # The machine's own configuration with these requests: what the deployment has to push.
  systemWith =
    requests:
    (machine.extendModules {
      modules = [ { fediversity.deployments = lib.mkForce requests; } ];
    }).config.system.build.toplevel;

  resource = member: member.members.nixos.resource;
in
{
  members = lib.mapAttrs (
    _: folder: lib.mapAttrs (_: member: lib.attrNames member.members) (root folder).members
  ) asked.handed;

  resources = lib.mapAttrs (_: folder: lib.mapAttrs (_: resource) (root folder).members) asked.handed;

  own = machine.config.system.build.toplevel;
  expected = lib.mapAttrs (_: systemWith) asked.expected;
  # A file of the store is named by its content.
  knownHosts = map (line: builtins.toFile "known_hosts" "${line}\n") asked.knownHosts;
}
