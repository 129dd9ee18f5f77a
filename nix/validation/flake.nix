{
  description = "The smallest clan that tries the patterns of the fleet: one server, three services, one secret";

  inputs = {
    clan-core.url = "https://git.clan.lol/clan/clan-core/archive/main.tar.gz";
    # The nixpkgs that clan is tested with; every other input follows it, so that there is one.
    nixpkgs.follows = "clan-core/nixpkgs";
    flake-parts.follows = "clan-core/flake-parts";
    disko.follows = "clan-core/disko";

    import-tree.url = "github:vic/import-tree";
    srvos = {
      url = "github:nix-community/srvos";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs = inputs: inputs.flake-parts.lib.mkFlake { inherit inputs; } (inputs.import-tree ./modules);
}
