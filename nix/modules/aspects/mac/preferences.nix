# macOS' own settings, for the primary user. Only domains of macOS itself: writing those of sandboxed apps, or of apps
# never opened (system.defaults.CustomUserPreferences), aborts the whole activation.
{
  flake.modules.darwin.preferences = {
    system.defaults = {
      dock = {
        autohide = true;
        mru-spaces = false;
        show-recents = false;
        tilesize = 48;
      };

      finder = {
        AppleShowAllExtensions = true;
        FXDefaultSearchScope = "SCcf"; # the current folder
        FXEnableExtensionChangeWarning = false;
        FXPreferredViewStyle = "Nlsv"; # a list
        ShowPathbar = true;
        ShowStatusBar = true;
        _FXSortFoldersFirst = true;
      };

      trackpad = {
        Clicking = true;
        TrackpadRightClick = true;
      };

      NSGlobalDomain = {
        # Keys repeat instead of offering accents.
        ApplePressAndHoldEnabled = false;
        InitialKeyRepeat = 15;
        KeyRepeat = 2;

        # What is typed stays as it is typed: these turn code in a text into something else.
        NSAutomaticCapitalizationEnabled = false;
        NSAutomaticDashSubstitutionEnabled = false;
        NSAutomaticPeriodSubstitutionEnabled = false;
        NSAutomaticQuoteSubstitutionEnabled = false;
        NSAutomaticSpellingCorrectionEnabled = false;

        AppleShowAllExtensions = true;
        NSDocumentSaveNewDocumentsToCloud = false;
      };

      loginwindow.GuestEnabled = false;
      screensaver = {
        askForPassword = true;
        askForPasswordDelay = 0;
      };
    };
  };
}
