# ZeroTier for machines that clan's service cannot reach (it is NixOS only): the Macs whose `mesh` names an instance.
# Their identities are vars by the very names the service gives its own machines' (clanServices/zerotier in clan-core),
# so that the addresses are known before anything is deployed and no file has to hold one.
{
  config,
  inputs,
  lib,
  self,
  ...
}:
let
  inherit (config) fleet;

  toolsFor = pkgs: inputs.clan-core.packages.${pkgs.stdenv.hostPlatform.system};
  generatorOf = machine: instance: "zerotier-ip-${machine}-${instance}";

  addressGenerator =
    {
      pkgs,
      instance,
      machine,
    }:
    {
      ${generatorOf machine instance} = {
        share = true;
        files.ip.secret = false;
        files.ip.deploy = false;
        dependencies = [
          "zerotier-identity-${machine}"
          "zerotier-network-${instance}"
        ];
        runtimeInputs = [ (toolsFor pkgs).zerotier-tools ];
        script = ''
          zerotier-generate --mode compute-ip \
            --identity-secret "$in/zerotier-identity-${machine}/identity-secret" \
            --network-id-file "$in/zerotier-network-${instance}/network-id" \
            --ip "$out/ip"
        '';
      };
    };
in
{
  options.fleetLib = lib.mkOption {
    type = lib.types.lazyAttrsOf lib.types.raw;
    default = { };
    description = "Functions that several modules of this flake use.";
  };

  config.fleetLib = {
    # The Macs of a mesh: { zerotier-local = [ "argentum" … ]; }
    macsOf = lib.genAttrs (lib.attrNames fleet.instances) (
      instance: lib.attrNames (lib.filterAttrs (_: machine: machine.mesh == instance) fleet.machines)
    );

    # The vars generators of a Mac's membership, for that Mac: its identity, the network's id, its address in it.
    # Only the Mac itself declares the identity: whoever declares a shared secret is among those who can read it.
    zerotierGenerators =
      {
        pkgs,
        instance,
        machine,
        ...
      }:
      let
        controller = lib.head fleet.instances.${instance}.roles.controller.machines;
      in
      {
        "zerotier-identity-${machine}" = {
          share = true;
          files.identity-secret = { };
          runtimeInputs = [
            (toolsFor pkgs).zerotierone
            (toolsFor pkgs).zerotier-tools
          ];
          script = ''
            zerotier-generate --mode identity-only --identity-secret "$out/identity-secret"
          '';
        };
        "zerotier-network-${instance}" = {
          share = true;
          files.network-id.secret = false;
          files.network-id.deploy = false;
          dependencies = [ "zerotier-identity-${controller}" ];
          runtimeInputs = [ (toolsFor pkgs).zerotier-tools ];
          script = ''
            zerotier-generate --mode network-id \
              --identity-secret-file "$in/zerotier-identity-${controller}/identity-secret" \
              --network-id "$out/network-id"
          '';
        };
      }
      // addressGenerator { inherit pkgs instance machine; };

    # The public part of it, for the controller: with it, generating the controller's vars generates those of its Macs.
    zerotierAddressGenerator = addressGenerator;

    # The addresses of a mesh's Macs, as far as they have been generated.
    zerotierAddresses =
      instance:
      lib.filter (address: address != null) (
        map (
          machine:
          inputs.clan-core.lib.getPublicValue {
            flake = self;
            generator = generatorOf machine instance;
            file = "ip";
            default = null;
          }
        ) config.fleetLib.macsOf.${instance}
      );
  };
}
