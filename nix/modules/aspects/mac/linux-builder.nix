# aarch64-linux builds on a Mac, in nix-darwin's own virtual machine: checking a server's configuration, images for ARM.
# The fleet's x86_64 servers build on themselves. To build for them here, set `config.boot.binfmt.emulatedSystems` and
# `systems`, but only once the builder runs: a changed builder can be built by a running one alone.
{
  flake.modules.darwin.linux-builder = {
    nix.linux-builder = {
      enable = true;
      # What was built is built again after a restart, rather than kept for ever on a laptop's disk.
      ephemeral = true;
      maxJobs = 4;
      systems = [ "aarch64-linux" ];
    };
  };
}
