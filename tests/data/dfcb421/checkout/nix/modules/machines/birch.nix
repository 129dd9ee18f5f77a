{
  flake.modules.darwin.birch = { };
}
