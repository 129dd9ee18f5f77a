{
  flake.modules.nixos.elm = {
    services.openssh.enable = true;
  };
}
