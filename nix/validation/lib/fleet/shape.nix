# What the rendered file looks like: its version, and the keys and types of every entry.
{ lib, finding }:
let
  inherit (lib)
    isAttrs
    isBool
    isInt
    isString
    ;

  version = 1;

  type = name: check: { inherit name check; };
  text = type "a text" isString;
  bool = type "true or false" isBool;
  number = type "a number" isInt;
  texts = type "a list of texts" (value: lib.isList value && lib.all isString value);
  set = type "an object" isAttrs;
  orNull = wanted: type "${wanted.name}, or null" (value: value == null || wanted.check value);

  required = wanted: wanted // { required = true; };
  optional = wanted: wanted // { required = false; };

  top = lib.mapAttrs (_: required) {
    version = number;
    name = text;
    domain = text;
    machines = set;
    instances = set;
    deployments = set;
  };

  machine = lib.mapAttrs (_: required) {
    machineClass = text;
    system = text;
    description = text;
    tags = texts;
    provider = text;
    encrypted = bool;
    unlockPort = orNull number;
    sshPort = number;
    user = text;
    mesh = orNull text;
  };

  instance = lib.mapAttrs (_: required) {
    module = text;
    roles = set;
  };

  role = lib.mapAttrs (_: required) {
    machines = texts;
    tags = texts;
    settings = set;
  };

  # What an application is told in detail is for its own options to check.
  deployment = {
    application = required text;
    machine = required text;
    enable = optional bool;
    removeData = optional bool;
    domain = optional text;
    initialUser = optional set;
    size = optional text;
    storage = optional (orNull set);
    mail = optional (orNull set);
  };

  # Everything about one object that is not as the table says.
  against =
    table: where: value:
    if !isAttrs value then
      [ (finding where "this is not an object" "render the file again: `./just render`") ]
    else
      let
        path = key: if where == "" then key else "${where}.${key}";
      in
      map (
        key:
        finding (path key) "no such key is ever rendered"
          "remove it; what is specific to a machine belongs into its module in nix/"
      ) (lib.attrNames (removeAttrs value (lib.attrNames table)))
      ++ lib.concatLists (
        lib.mapAttrsToList (
          key: wanted:
          if !(value ? ${key}) then
            lib.optional wanted.required (
              finding (path key) "this key is missing" "render the file again: `./just render`"
            )
          else
            lib.optional (!wanted.check value.${key}) (
              finding (path key) "this is not ${wanted.name}" "render the file again: `./just render`"
            )
        ) table
      );

  each = table: where: lib.mapAttrs (name: against table "${where}.${name}");

  instanceProblems =
    where: value:
    let
      own = against instance where value;
    in
    own
    ++ lib.optionals (own == [ ]) (
      lib.concatLists (lib.attrValues (each role "${where}.roles" value.roles))
    );

  problemsOf = fleet: {
    machines = each machine "machines" fleet.machines;
    instances = lib.mapAttrs (name: instanceProblems "instances.${name}") fleet.instances;
    deployments = each deployment "deployments" fleet.deployments;
  };
in
{
  # The file as a whole. A file of another version is not looked at any further: its keys would mean something else.
  outline =
    fleet:
    if isAttrs fleet && fleet ? version && fleet.version != version then
      [
        (finding "version"
          "${builtins.toJSON fleet.version} is not the version this flake reads, ${toString version}"
          "render the file again with the fediversity of this checkout: `./just render`"
        )
      ]
    else
      against top "" fleet;

  entries =
    fleet:
    lib.concatMap (group: lib.concatLists (lib.attrValues group)) (lib.attrValues (problemsOf fleet));

  # The entries that have the right shape.
  soundPart =
    fleet:
    lib.mapAttrs (group: found: lib.filterAttrs (name: _: found.${name} == [ ]) fleet.${group}) (
      problemsOf fleet
    );
}
