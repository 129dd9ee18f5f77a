{
  description = "What runs on each machine of the fleet";

  inputs = {
    clan-core.url = "https://git.clan.lol/clan/clan-core/archive/main.tar.gz";
    # The nixpkgs that clan is tested with; every other input follows it, so that there is one.
    nixpkgs.follows = "clan-core/nixpkgs";
    nix-darwin.follows = "clan-core/nix-darwin";
    flake-parts.follows = "clan-core/flake-parts";
    disko.follows = "clan-core/disko";

    import-tree.url = "github:vic/import-tree";
    srvos = {
      url = "github:nix-community/srvos";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    home-manager = {
      url = "github:nix-community/home-manager";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    nixops4 = {
      url = "github:nixops4/nixops4";
      inputs.flake-parts.follows = "flake-parts";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    nixops4-nixos = {
      url = "github:nixops4/nixops4-nixos";
      inputs.flake-parts.follows = "flake-parts";
      inputs.nixpkgs.follows = "nixpkgs";
    };

    # What NixOps4 is handed when it runs; nothing by default.
    deployment-config = {
      url = "path:./deployment-config";
      flake = false;
    };
  };

  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } (inputs.import-tree ./modules);
}
