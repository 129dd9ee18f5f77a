# A Mac in the ZeroTier mesh that the fleet file names. clan's service is for NixOS only, so this does what it does
# there: the identity that clan generated, membership of the network, the names of the other machines.
# Whatever is not generated yet is left as it is found: a Mac can be set up before its vars are there.
{ config, inputs, ... }:
let
  inherit (config) fleet fleetLib;
in
{
  flake.modules.darwin.mesh =
    {
      config,
      lib,
      pkgs,
      ...
    }:
    let
      machine = config.networking.hostName;
      instance = fleet.machines.${machine}.mesh;
      inherit (fleet.instances.${instance}) roles;
      members = lib.attrNames (
        lib.filterAttrs (
          name: other:
          other.mesh == instance
          || lib.any (role: lib.elem name role.machines || lib.intersectLists role.tags other.tags != [ ]) (
            lib.attrValues roles
          )
        ) fleet.machines
      );

      # A public var, or null as long as it is not generated.
      public =
        generator: file:
        inputs.clan-core.clanLib.getPublicValue {
          flake = config.clan.core.settings.directory;
          inherit generator file;
          default = null;
        };
      network = public "zerotier-network-${instance}" "network-id";
      addresses = lib.filterAttrs (_: address: address != null) (
        lib.genAttrs members (name: public "zerotier-ip-${name}-${instance}" "ip")
      );

      identity = config.clan.core.vars.generators."zerotier-identity-${machine}".files.identity-secret;
    in
    lib.mkIf (instance != null) {
      clan.core.vars.generators = fleetLib.zerotierGenerators {
        inherit pkgs machine instance;
      };

      # nixpkgs' own has no launchd service, and the cask's is what `zerotier-cli` of the rollout talks to.
      homebrew.casks = [ "zerotier-one" ];

      # The others by name: macOS asks no name server that knows the mesh.
      clan.core.networking.extraHosts = lib.mkIf (addresses != { }) {
        ${instance} = lib.concatStrings (
          lib.mapAttrsToList (name: address: "${address} ${name}.${fleet.domain}\n") addresses
        );
      };

      # After sops-nix has put the secret in place (mkAfter), and last of all: with another identity the Mac has another
      # address in the mesh, so whoever is logged in over the mesh loses the connection here.
      system.activationScripts.postActivation.text = lib.mkOrder 2000 ''
        (
          zerotier="/Library/Application Support/ZeroTier/One"
          identity=${lib.escapeShellArg identity.path}
          network=${lib.escapeShellArg (if network == null then "" else network)}
          restart=
          if [[ ! -d "$zerotier" ]]; then
            echo "mesh: ZeroTier is not installed (cask zerotier-one); not joined" >&2
            exit 0
          fi
          if [[ ! -s "$identity" ]]; then
            echo "mesh: this Mac has no identity of the fleet yet; ZeroTier keeps its own" >&2
          elif ! cmp -s "$identity" "$zerotier/identity.secret"; then
            if [[ -e "$zerotier/identity.secret" ]]; then
              backup="$zerotier/identity.secret.$(date +%Y%m%dT%H%M%S)"
              echo "mesh: the former identity is kept as $backup" >&2
              cp -p "$zerotier/identity.secret" "$backup"
            fi
            # Written beside and renamed, so that no half of an identity is ever there; ZeroTier makes the public half.
            install -m 0600 "$identity" "$zerotier/identity.secret.new"
            rm -f "$zerotier/identity.public"
            mv -f "$zerotier/identity.secret.new" "$zerotier/identity.secret"
            restart=yes
          fi
          # ZeroTier joins the networks that have a file here when it starts.
          if [[ -n "$network" && ! -e "$zerotier/networks.d/$network.conf" ]]; then
            mkdir -p "$zerotier/networks.d"
            touch "$zerotier/networks.d/$network.conf"
            restart=yes
          fi
          if [[ -n "$restart" ]]; then
            echo "mesh: restarting ZeroTier" >&2
            launchctl kickstart -k system/com.zerotier.one ||
              echo "mesh: ZeroTier's service is not loaded; reinstall its cask, or start it by hand" >&2
          fi
        )
      '';
    };
}
