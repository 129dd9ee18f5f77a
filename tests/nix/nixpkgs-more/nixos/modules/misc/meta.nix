# Stands for nixpkgs' file of this name: who maintains a module, and its documentation.
{ lib, ... }:
{
  options.meta = lib.mkOption {
    type = lib.types.submodule { freeformType = lib.types.lazyAttrsOf lib.types.raw; };
    default = { };
    # Nobody looks at it here, and the list of maintainers is not at hand.
    apply = _: { };
  };
}
