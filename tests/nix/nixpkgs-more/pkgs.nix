# The package set of the stub (pkgs-base.nix there), with what home-manager reads of it.
# What the stub's builders leave alone is evaluated here: what a machine would get as a text is a text, not an error.
{ lib, ... }@arguments:
let
  base = import ./pkgs-base.nix arguments;

  # A path that knows that it is one of the store's (its context), or home-manager would look for a file there.
  inStore = path: builtins.appendContext path { ${path}.path = true; };

  package =
    stub:
    let
      derivation = stub // {
        outPath = inStore stub.outPath;
        out = derivation;
        # New enough for whatever asks.
        version = "1000";
      };
    in
    derivation;

  # A derivation that has an outPath only if everything it is made of evaluates; what was written is in `text`.
  made =
    name: parts:
    let
      stub = package (base.writeText name "");
      text = lib.concatMapStringsSep "\n" toString (lib.filter (part: part != null) parts);
      derivation = stub // {
        inherit text;
        outPath = builtins.seq text stub.outPath;
        out = derivation;
      };
    in
    derivation;

  # A format's types for single values, and for lists of them.
  atom = lib.types.nullOr (
    lib.types.oneOf [
      lib.types.bool
      lib.types.int
      lib.types.float
      lib.types.str
    ]
  );
  format = _: _: {
    type = lib.types.attrsOf lib.types.anything;
    lib.types = { inherit atom; };
    generate = name: value: made name [ (builtins.toJSON value) ];
  };

  isStub = value: value.type or null == "derivation";

  self = lib.mapAttrs (_: value: if isStub value then package value else value) base // {
    stdenv = base.stdenv // {
      inherit (base.stdenv.hostPlatform) isDarwin isLinux;
    };
    stdenvNoCC = self.stdenv;
    formats = lib.mapAttrs (_: format) (base.formats // { javaProperties = null; });
    writeText = name: text: made name [ text ];
    writeTextDir = name: text: made (baseNameOf name) [ text ];
    writeTextFile = file: made file.name [ file.text ];
    writeScript = name: text: made name [ text ];
    writeScriptBin = name: text: made name [ text ];
    writeShellScript = name: text: made name [ text ];
    writeShellScriptBin = name: text: made name [ text ];
    writeShellApplication = script: made script.name [ script.text ];
    runCommand =
      name: _: text:
      made name [ text ];
    runCommandLocal =
      name: _: text:
      made name [ text ];
    python3 = package base.python3 // {
      pkgs = {
        buildPythonApplication = application: made application.pname [ ];
        setuptools = made "setuptools" [ ];
      };
    };
    buildGo125Module = module: made module.pname [ ];
    replaceVarsWith = file: made file.name [ ];
    writeReferencesToFile = _: made "references" [ ];
    symlinkJoin = join: made join.name join.paths;
    buildEnv = environment: made environment.name environment.paths;

    darwin.linux-builder = made "linux-builder" [ ] // {
      nixosConfig.networking.hostName = "linux-builder";
      override = _: self.darwin.linux-builder;
    };

    # nix-darwin's own tools and those of sops-nix come out of what they call.
    callPackage = lib.callPackageWith self;

    # The manuals are not what is looked at.
    nixosOptionsDoc = _: lib.genAttrs [ "optionsJSON" "optionsCommonMark" ] (name: made name [ ]);
    buildPackages = base.buildPackages // self;

    pkgs = self;
    __splicedPackages = self;
  };
in
self
