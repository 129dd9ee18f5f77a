# zsh with a prompt that says where one is.
{
  flake.modules.homeManager.shell = {
    programs.zsh = {
      enable = true;
      enableCompletion = true;
      autosuggestion.enable = true;
      syntaxHighlighting.enable = true;
      history = {
        extended = true;
        ignoreSpace = true;
        save = 100000;
        size = 100000;
      };
    };

    programs.starship = {
      enable = true;
      settings = {
        add_newline = false;
        # On a fleet the machine's name is the most important word of the prompt.
        hostname.ssh_only = false;
      };
    };

    programs.fzf.enable = true;
    programs.zoxide.enable = true;
  };
}
