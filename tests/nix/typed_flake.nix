# The flake with services' options declared one by one. In it, `evaluation.json` says where the stand-in for nixpkgs is
# (`shared`) and what to evaluate.
{
  src,
  more ? { },
}:
let
  asked = builtins.fromJSON (builtins.readFile (src + "/evaluation.json"));
  untyped = import "${asked.shared}/nix-eval/inputs.nix" { };
  inputs =
    untyped
    // {
      nixpkgs = import ./typed_nixpkgs.nix {
        stub = "${asked.shared}/nix-eval/nixpkgs-stub";
        inherit (untyped) nixpkgs;
      };
    }
    // more;
  flake = import "${asked.shared}/nix-eval/call-flake.nix" { inherit src inputs; };
in
{
  inherit asked flake;
  inherit (inputs.nixpkgs) lib;
  machine = flake.nixosConfigurations.orb-nixos;
}
