# Lemmy by nixpkgs' module, as a deployment asks for it.
{
  flake.modules.nixos.applications =
    { config, lib, ... }:
    let
      request = config.fediversity.running.lemmy or null;
    in
    {
      config = lib.mkIf (request != null) {
        services.lemmy = {
          enable = true;
          settings.hostname = request.domain;
        };
      };
    };
}
