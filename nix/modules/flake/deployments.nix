# What `nixops4 apply NAME` deploys: each deployment is a composite with one resource, the whole system of its machine
# with what is asked for. NixOps4 is handed requests and where to find machines by the input `deployment-config`:
#   nixops4 apply social --override-input deployment-config path:/absolute/folder
# whose deployment.json holds, by name, a request and beside it `ssh` = { user, host, port, hostPublicKey, identityFile }.
{
  config,
  inputs,
  lib,
  self,
  ...
}:
let
  inherit (config) fleet;

  # Where somebody evaluates the flake without this input, nothing is handed over. Nor is by default; and Nix 2.26 looks
  # for the default in the wrong folder while the flake has no lock file.
  file = "${inputs.deployment-config}/deployment.json";
  handed = lib.optionalAttrs (inputs ? deployment-config && builtins.pathExists file) (
    lib.importJSON file
  );

  requests = fleet.deployments // lib.mapAttrs (_: entry: removeAttrs entry [ "ssh" ]) handed;

  serverNames = lib.attrNames (
    lib.filterAttrs (_: machine: machine.machineClass == "nixos") fleet.machines
  );

  machineOf =
    name:
    let
      machine = requests.${name}.machine or (throw "Deployment ${name} names no machine.");
    in
    lib.throwIfNot (lib.elem machine serverNames)
      "Deployment ${name} is for ${machine}, which is no NixOS machine of the fleet: ${lib.concatStringsSep ", " serverNames}."
      machine;

  onMachine = machine: lib.filterAttrs (_: request: request.machine == machine) requests;

  # The machine as its own update makes it, with what is asked for in the place of what its fleet file says.
  withRequests =
    name: machine:
    { config, options, ... }:
    {
      imports = [ self.nixosModules."clan-machine-${machine}" ];

      config =
        lib.throwIfNot (options ? fediversity.deployments)
          "Deployment ${name} is for ${machine}, whose module does not import the aspect `applications`; add it there."
          {
            fediversity.deployments = lib.mkForce (onMachine machine);

            assertions = lib.concatLists (
              lib.mapAttrsToList (
                generator:
                { files, ... }:
                lib.mapAttrsToList (file: { path, ... }: {
                  assertion = path != "/no-such-path";
                  message =
                    "The secret ${generator}/${file} of ${machine} was never generated. Write what ${name} asks for "
                    + "into the fleet file, render it, and run `clan vars generate ${machine}`.";
                }) files
              ) (lib.filterAttrs (belongsTo machine) config.clan.core.vars.generators)
            );
          };
    };

  belongsTo =
    machine: generator: _:
    lib.any (deployment: lib.hasPrefix "${deployment}-" generator) (lib.attrNames (onMachine machine));

  # Options of ssh that NixOps4 passes on unquoted, to ssh and to nix: words without anything a shell takes apart.
  word =
    name: value:
    lib.throwIf (builtins.match "[A-Za-z0-9@%_+=:,./~-]+" value == null)
      "Deployment ${name}: ssh cannot be handed '${value}'; use a value of letters, digits and @%_+=:,./~- only."
      value;

  # ssh goes by the machine's name, and is told the address by an option: so the name, not an address with or without
  # port or brackets, is what the pinned host key belongs to.
  sshOptions =
    name: machine: ssh:
    lib.concatStringsSep " " (
      lib.mapAttrsToList (option: value: "-o ${option}=${word name (toString value)}") (
        {
          HostName = ssh.host;
          HostKeyAlias = machine;
          Port = ssh.port or 22;
        }
        // lib.optionalAttrs (ssh ? identityFile) {
          IdentityFile = ssh.identityFile;
          IdentitiesOnly = "yes";
        }
      )
    );

  deployment =
    providers: name: _:
    let
      machine = machineOf name;
      ssh =
        handed.${name}.ssh
          or (throw "The input deployment-config does not say where ${machine} is: it has no `${name}.ssh`.");
    in
    {
      members.nixos = {
        type = providers.local.exec;
        imports = [ inputs.nixops4-nixos.modules.nixops4Component.nixos ];

        inherit (inputs) nixpkgs;
        nixos = {
          module = withRequests name machine;
          specialArgs = {
            inherit (inputs) clan-core;
          }
          // config.flake.clan.specialArgs;
        };
        ssh = {
          inherit (ssh) user hostPublicKey;
          host = machine;
          opts = sshOptions name machine ssh;
        };
      };
    };
in
{
  imports = [ inputs.nixops4.modules.flake.default ];

  nixops4 =
    { providers, ... }:
    {
      providers.local = inputs.nixops4.modules.nixops4Provider.local;
      members = lib.mapAttrs (deployment providers) requests;
    };
}
