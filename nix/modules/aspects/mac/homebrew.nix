# Apps that come as Homebrew casks. Homebrew itself is installed by hand, once: nix-darwin refuses to switch without it.
{
  flake.modules.darwin.homebrew = {
    homebrew = {
      enable = true;

      # A rollout changes what the fleet says and nothing else: it deletes no app that a person installed (cleanup), and
      # brings no new version of one (autoUpdate, upgrade). For those there is `brew upgrade`, when the person has time.
      onActivation = {
        cleanup = "none";
        autoUpdate = false;
        upgrade = false;
      };

      # `brew bundle check` and `brew bundle cleanup`, by hand, then compare with what is declared here.
      global.brewfile = true;
    };
  };
}
