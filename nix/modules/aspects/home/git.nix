# git, the same everywhere. Who commits is said by the user's own module.
{
  flake.modules.homeManager.git = {
    programs.git = {
      enable = true;
      lfs.enable = true;
      settings = {
        init.defaultBranch = "main";
        pull.rebase = true;
        push.autoSetupRemote = true;
        rebase.autoStash = true;
        merge.conflictStyle = "zdiff3";
        # Never an address made up from the names of user and machine.
        user.useConfigOnly = true;
      };
      ignores = [
        ".DS_Store"
        ".direnv/"
        "result"
        "result-*"
      ];
    };
  };
}
