# Machines: names, class and system, ports, mesh, and whether a module says what runs on them.
{
  lib,
  finding,
  machineModules,
}:
fleet: sound:
let
  classes = [
    "nixos"
    "darwin"
  ];
  systems = {
    nixos = [
      "x86_64-linux"
      "aarch64-linux"
    ];
    darwin = [
      "aarch64-darwin"
      "x86_64-darwin"
    ];
  };
  or' = lib.concatStringsSep " or ";

  meshes = lib.attrNames (
    lib.filterAttrs (_: instance: instance.module or null == "zerotier") fleet.instances
  );

  isPort = number: number >= 1 && number <= 65535;

  names =
    name: where: _:
    lib.optional (builtins.match "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?" name == null) (
      finding where "'${name}' is not a host name"
        "use lower-case letters, digits and inner hyphens, 63 at most (RFC 1123)"
    );

  kinds =
    _: where: machine:
    if !lib.elem machine.machineClass classes then
      [ (finding where "unknown machineClass '${machine.machineClass}'" "use ${or' classes}") ]
    else if !lib.elem machine.system (lib.concatLists (lib.attrValues systems)) then
      [
        (finding where "unknown system '${machine.system}'" "use ${or' systems.${machine.machineClass}}")
      ]
    else
      lib.optional (!lib.elem machine.system systems.${machine.machineClass}) (
        finding where "machineClass ${machine.machineClass} with system ${machine.system}"
          "use ${or' systems.${machine.machineClass}}, or the other machineClass"
      );

  ports =
    _: where: machine:
    lib.optional (!isPort machine.sshPort) (
      finding where "sshPort ${toString machine.sshPort} is not a port" "use a number from 1 to 65535"
    )
    ++ lib.optional (machine.unlockPort != null && !isPort machine.unlockPort) (
      finding where "unlockPort ${toString machine.unlockPort} is not a port"
        "use a number from 1 to 65535"
    )
    ++ lib.optional (machine.encrypted && machine.unlockPort == null) (
      finding where "the disk is encrypted and there is no unlockPort"
        "set `disk.unlock_port`: without it nobody could unlock the disk after a boot"
    )
    ++ lib.optional (machine.unlockPort == machine.sshPort) (
      finding where "port ${toString machine.sshPort} is both unlockPort and sshPort"
        "use two ports: the initrd has a host key of its own, and clients would refuse the second"
    );

  mesh =
    _: where: machine:
    lib.optionals (machine.mesh != null) (
      lib.optional (machine.machineClass == "nixos") (
        finding where "`mesh` on a NixOS machine"
          "remove it, and give the machine a tag that has the peer role of a zerotier instance"
      )
      ++ lib.optional (!lib.elem machine.mesh meshes) (
        finding where "mesh '${machine.mesh}' is no zerotier instance" (
          if meshes == [ ] then "add a zerotier instance" else "use ${or' meshes}"
        )
      )
    );

  # Moving a module's file changes nothing, so what counts is the name that a module defines.
  modules =
    name: where: machine:
    let
      inherit (machine) machineClass;
      of = class: machineModules.${class} or [ ];
      other = lib.findFirst (class: lib.elem name (of class)) null classes;
      neighbours = of machineClass;
      copy = lib.optionalString (
        neighbours != [ ]
      ) ", as a copy of nix/modules/machines/${lib.head neighbours}.nix";
    in
    lib.optional (lib.elem machineClass classes && !lib.elem name neighbours) (
      if other != null then
        finding where "its module is of the class ${other}, and its machineClass is ${machineClass}"
          "make the two agree"
      else
        finding where ''no module defines flake.modules.${machineClass}."machines/${name}"''
          "write nix/modules/machines/${name}.nix${copy}"
    );
in
lib.concatLists (
  lib.mapAttrsToList (
    name: machine:
    lib.concatMap (check: check name "machines.${name}" machine) [
      names
      kinds
      ports
      mesh
      modules
    ]
  ) sound.machines
)
