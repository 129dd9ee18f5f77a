{
  flake.modules.nixos.oak = { };
}
