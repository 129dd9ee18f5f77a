# nixpkgs' library is at hand as it is; only its place in the tree is missing.
import (/. + builtins.getEnv "NIX_INPUTS" + "/nixpkgs.lib/lib/services/lib.nix")
