"""A small fleet file that uses everything a fleet file can say. Tests make it bad by small edits."""

GOOD = """\
version: 1
name: garden
domain: mesh
deploying_machine: fern

gcp:
  project: garden-project

operators:
  gardener:
    keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA gardener

machines:
  oak:
    machineClass: nixos
    system: x86_64-linux
    tags: [cloud, web]
    provider:
      kind: hetzner
      server_type: cx23
      location: fsn1
      image: debian-12
      firewall:
        - {protocol: tcp, port: '443', sources: [203.0.113.0/24]}
    ssh: {user: root, port: 2222}
    disk: {encrypted: true, unlock_port: 2223}
  elm:
    machineClass: nixos
    system: aarch64-linux
    tags: [cloud]
    provider:
      kind: gcp
      machine_type: t2a-standard-1
      zone: us-central1-a
      disk_gb: 30
    after: [oak]
    reinstall: '4711'
    checks: [{peer: oak, timeout: 90}]
  ash:
    machineClass: nixos
    system: x86_64-linux
    provider: {kind: existing, host: 198.51.100.7}
    after: ['tag:cloud']
  yew:
    enabled: false
    machineClass: nixos
    system: x86_64-linux
    tags: [spare]
    provider:
      kind: hetzner
      server_type: cpx21
      location: hel1
      install_type: ccx13
      network: {name: bed, address: 10.20.0.2}
      ipv6: false
      backups: true
      placement_group: apart
      volumes:
        seeds: {size_gb: 10, format: ext4}
      rdns: yew.garden.example
  moss:
    machineClass: darwin
    system: aarch64-darwin
    tags: [desk]
    provider: {kind: darwin, host: moss.mesh}
    ssh: {user: gardener}
    mesh: roots
  fern:
    machineClass: darwin
    system: x86_64-darwin
    tags: [desk]
    provider: {kind: darwin, host: fern.mesh}
    ssh: {user: gardener}
    may_be_offline: false
    checks:
      - {name: store, command: 'test -e /nix/store', timeout: 30}
      - http: {port: 8080, path: /health, status: 204}
      - http: {url: 'http://garden.example/'}
      - {tcp: 5900}

limits:
  installs: 1
  updates: 2
  per_provider: {hetzner: 2}

networks:
  bed: {zone: eu-central, range: 10.20.0.0/16, subnet: 10.20.0.0/24}

instances:
  roots:
    module: zerotier
    roles:
      controller: {machines: [oak]}
      peer: {tags: [nixos]}
  doors:
    module: sshd
    roles:
      server: {tags: [nixos], settings: {certificate: {enable: true}}}
  people:
    module: users
    roles:
      default:
        machines: [oak, ash]
        settings: {user: gardener, prompt: false}
  cables:
    module: wireguard
    roles:
      controller: {machines: [oak]}
      peer: {tags: [all]}

dns:
  zones:
    garden.example:
      provider: hetzner
      ttl: 300
      hosts: [oak]
      services: true
      records:
        - {name: oak, type: A, machine: oak}
        - {name: ash, type: A, machine: ash}
        - {name: www, type: CNAME, values: [oak.garden.example.]}
        - {name: '@', type: AAAA, values: ['2001:db8::7']}
        - {name: '@', type: MX, values: [10 oak.garden.example.]}
        - {name: _xmpp._tcp, type: SRV, values: [0 5 5222 oak.garden.example.]}
        - {name: '@', type: CAA, values: ['0 issue "letsencrypt.org"']}
        - {name: '*.apps', type: TXT, ttl: 60, values: [anything]}
        - {name: lab, type: NS, values: [ns.lab.garden.example., ns.elsewhere.example.]}
        - {name: ns.lab, type: A, values: [203.0.113.53]}
    social.example:
      provider: gcp
    kids.garden.example: {provider: gcp}
    100.51.198.in-addr.arpa: {provider: hetzner, records: [{name: '7', type: PTR, values: [ash.mesh.example.]}]}

buckets:
  garden-media: {location: europe-west1}

deployments:
  flowers:
    application: pixelfed
    machine: oak
    domain: flowers.garden.example
    initial_user: {username: gardener, display_name: The gardener, email: gardener@garden.example}
    after: [ash]
  birds:
    enabled: false
    application: mastodon
    machine: yew
    domain: birds.garden.example
    initial_user: {username: gardener, display_name: The gardener, email: gardener@garden.example}
"""


def edited(old: str, new: str, text: str = GOOD) -> str:
    """The text with one place edited; the place must be there exactly once."""
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    return text.replace(old, new)


def line_of(marker: str, text: str) -> int:
    """The line a marker begins on, counted from 1; it must be there exactly once."""
    assert text.count(marker) == 1, f"{marker!r} is there {text.count(marker)} times"
    return text.count("\n", 0, text.index(marker)) + 1
