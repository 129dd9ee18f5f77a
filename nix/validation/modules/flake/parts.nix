# How the flake is put together: every file below `modules/` is a flake-parts module, found by import-tree.
# What runs on machines is collected in `flake.modules.<class>.<aspect>`.
{ inputs, ... }:
{
  imports = [ inputs.flake-parts.flakeModules.modules ];

  systems = [
    "x86_64-linux"
    "aarch64-linux"
    "aarch64-darwin"
  ];
}
