# The checks of what the fleet file hands over. A plain function, no module: it lives outside `modules/`.
# `problems fleet` is the list of everything that is wrong with it; `checked fleet` is the fleet, or one error that says
# it all.
{
  lib,
  # Names of clan's services, of the applications, and of the machines that have a module, by class.
  services,
  applications,
  machineModules,
}:
let
  finding =
    where: what: fix:
    "${where}: ${what}; fix: ${fix}";

  shape = import ./shape.nix { inherit lib finding; };
  sensitive = import ./sensitive.nix { inherit lib finding; };
  machines = import ./machines.nix { inherit lib finding machineModules; };
  instances = import ./instances.nix { inherit lib finding services; };
  deployments = import ./deployments.nix { inherit lib finding applications; };

  # An entry of the wrong shape is reported as such and kept from the checks that would stumble over it.
  problems =
    fleet:
    let
      outline = shape.outline fleet;
      sound = shape.soundPart fleet;
    in
    if outline != [ ] then
      outline ++ sensitive fleet
    else
      sensitive fleet
      ++ shape.entries fleet
      ++ machines fleet sound
      ++ instances fleet sound
      ++ deployments fleet sound;
in
{
  inherit problems;

  checked =
    fleet:
    let
      found = problems fleet;
    in
    if found == [ ] then
      fleet
    else
      throw ''
        nix/fleet.json cannot be used:
        ${lib.concatMapStringsSep "\n" (text: "  - ${text}") found}
        It is written by `fediversity render`: correct the fleet file in stacks/, then run `./just render`.'';
}
