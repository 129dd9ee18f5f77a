# Options described in the terms of a JSON Schema: `properties TYPE` for the type of a submodule.
{ lib }:
let
  names = {
    bool = "boolean";
    enum = "string";
    str = "string";
    submodule = "object";
    unsignedInt16 = "integer";
  };

  described =
    option:
    let
      nullable = option.type.name == "nullOr";
      type = if nullable then option.type.nestedTypes.elemType else option.type;
    in
    {
      inherit nullable;
      inherit (option) description;
      type = names.${type.name};
      required = !(option ? default);
      default = if option ? default then option.default else null;
      enum = lib.optionals (type.name == "enum") type.functor.payload.values;
      properties = if type.name == "submodule" then properties type else { };
    };

  properties = type: lib.mapAttrs (_: described) (removeAttrs (type.getSubOptions [ ]) [ "_module" ]);
in
properties
