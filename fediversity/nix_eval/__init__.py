"""What Nix says of each machine's system, where there is Nix: evaluated, and compared with what the machine runs."""
