# Service instances: what clan would let pass in silence, or say in many words.
{
  lib,
  finding,
  services,
}:
fleet: sound:
let
  # Of clan's services only these configure a Mac; the others do nothing on it, and one Mac in a zerotier role even
  # keeps clan from finding any machine by its address.
  forMacs = [ "wireguard" ];

  list = lib.concatStringsSep ", ";
  machineNames = lib.attrNames fleet.machines;
  tags = lib.unique (lib.concatMap (machine: machine.tags) (lib.attrValues sound.machines));

  membersOf =
    role:
    lib.attrNames (
      lib.filterAttrs (
        name: machine: lib.elem name role.machines || lib.intersectLists role.tags machine.tags != [ ]
      ) sound.machines
    );

  roleProblems =
    module: where: role:
    let
      macs = lib.filter (name: sound.machines.${name}.machineClass == "darwin") (membersOf role);
    in
    map (
      name:
      finding where "there is no machine '${name}'"
        "name one of the fleet's enabled machines, or remove it"
    ) (lib.subtractLists machineNames role.machines)
    ++ map (
      tag:
      finding where "no machine has the tag '${tag}'" "give it to a machine, or take it from the role"
    ) (lib.subtractLists tags role.tags)
    ++ lib.optional (macs != [ ] && !lib.elem module forMacs) (
      finding where "${module} has no module for Macs and would do nothing on ${list macs}" (
        if module == "zerotier" then
          "give the role to NixOS machines (tag nixos), and set `mesh` on the Macs"
        else
          "give the role to NixOS machines (tag nixos); a Mac gets the same from its own module"
      )
    );

  zerotier =
    where: instance:
    let
      held = membersOf (
        instance.roles.controller or {
          machines = [ ];
          tags = [ ];
        }
      );
    in
    lib.optional (lib.length held != 1) (
      finding where "zerotier needs exactly one controller, and ${
        if held == [ ] then "no machine is" else "${list held} are"
      }" "give the role controller to one machine by its name"
    );

  users =
    where: instance:
    let
      settings = instance.roles.default.settings or { };
      prompt = settings.prompt or true;
    in
    lib.optional (!(settings ? user)) (
      finding where "users does not say which user" "set `user: NAME` in the settings of the role default"
    )
    ++ lib.optional (!(lib.isBool prompt && !prompt)) (
      finding where "users would ask for a password, and a rollout has nobody to answer"
        "set `prompt: false`: clan generates the password"
    );

  instanceProblems =
    name: instance:
    let
      where = "instances.${name}";
    in
    if !lib.elem instance.module services then
      [ (finding where "clan has no service '${instance.module}'" "use one of ${list services}") ]
    else
      lib.concatLists (
        lib.mapAttrsToList (role: roleProblems instance.module "${where}.roles.${role}") instance.roles
      )
      ++ lib.optionals (instance.module == "zerotier") (zerotier where instance)
      ++ lib.optionals (instance.module == "users") (users where instance);
in
lib.concatLists (lib.mapAttrsToList instanceProblems sound.instances)
