{
  flake.modules.nixos.ash = {
    services.openssh.enable = true;
  };
}
