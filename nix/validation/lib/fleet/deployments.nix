# Deployments: an application each, on a NixOS machine, under a domain of its own.
{
  lib,
  finding,
  applications,
}:
fleet: sound:
let
  list = lib.concatStringsSep ", ";
  inherit (sound) deployments;

  own =
    name: deployment:
    let
      where = "deployments.${name}";
      machine = sound.machines.${deployment.machine} or { };
    in
    lib.optional (!lib.elem deployment.application applications) (
      finding where "unknown application '${deployment.application}'" "use one of ${list applications}"
    )
    ++ lib.optional (!(fleet.machines ? ${deployment.machine})) (
      finding where "there is no machine '${deployment.machine}'"
        "name one of the fleet's enabled machines"
    )
    ++ lib.optional (machine.machineClass or "nixos" == "darwin") (
      finding where "${deployment.machine} is a Mac, and NixOps4 deploys to NixOS machines"
        "name a NixOS machine"
    )
    ++ lib.optional (deployment.enable or true && deployment.removeData or false) (
      finding where "the data of a running application would be removed" "set `enabled: false` as well"
    );

  # Groups of deployments that agree in what each of them needs alone.
  clashes =
    keyOf: message:
    lib.concatLists (
      lib.mapAttrsToList (
        _: names: lib.optional (lib.length names > 1) (message names deployments.${lib.head names})
      ) (lib.groupBy (name: keyOf deployments.${name}) (lib.attrNames deployments))
    );

  withDomain = lib.filterAttrs (_: deployment: deployment ? domain) deployments;
  domains = lib.groupBy (name: withDomain.${name}.domain) (lib.attrNames withDomain);
in
lib.concatLists (lib.mapAttrsToList own deployments)
++ lib.concatLists (
  lib.mapAttrsToList (
    domain: names:
    lib.optional (lib.length names > 1) (
      finding "deployments" "${list names} all have the domain ${domain}"
        "give each deployment its own domain"
    )
  ) domains
)
++ clashes (deployment: "${deployment.machine}/${deployment.application}") (
  names: deployment:
  finding "deployments" "${list names} are all ${deployment.application} on ${deployment.machine}"
    "put each on a machine of its own: a machine runs an application once"
)
