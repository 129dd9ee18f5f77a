# Every command of Fediversity. Start it as ./just, which first sets up whatever is missing.

set positional-arguments

# Started by another `just` (the one of `nix develop`, an editor's), this sets up what is missing all the same and
# takes the environment from ./just.
export PATH := if env("FEDIVERSITY_READY", "") == justfile_directory() { env("PATH") } else { `./just --print-path` }
export PULUMI_HOME := env("PULUMI_HOME", env("HOME") / ".pulumi")
export VIRTUAL_ENV := justfile_directory() / ".venv"

[private]
default:
    @{{ just_executable() }} --justfile {{ quote(justfile()) }} --list

# Roll a stack out; recovers first if the last run was killed. --plain, --verbose, --events FILE: what is shown
[no-exit-message]
[group('stack')]
up stack='dev' *options:
    @fediversity up "$@"

# Show what `up` would do, and do nothing; `--plugins local` shows a real stack without any cloud
[no-exit-message]
[group('stack')]
preview stack='dev' *options:
    @fediversity preview "$@"

# Compare the recorded state with what really exists, and correct the record
[no-exit-message]
[group('stack')]
refresh stack='dev' *options:
    @fediversity refresh "$@"

# Delete everything a stack made
[no-exit-message]
[group('stack')]
destroy stack='dev' *options:
    @fediversity destroy "$@"

# Lift the protection of what the fleet file names to be destroyed, for a `pulumi up` without ./just
[no-exit-message]
[group('stack')]
lift stack='dev' *options:
    @fediversity lift "$@"

# Say what became of creations that were cut short: URN=ID for what exists, URN= for what does not
[no-exit-message]
[group('stack')]
resolve stack *answers:
    @fediversity resolve "$@"

# Print the recorded status of every machine
[no-exit-message]
[group('fleet')]
status stack='dev' *options:
    @fediversity status "$@"

# Look at every machine now, and record whether it is well and runs what was applied; for a timer
[no-exit-message]
[group('fleet')]
probe stack='dev' *options:
    @fediversity probe "$@"

# Estimate what a stack's fleet costs a month, and how that differs from what is deployed
[no-exit-message]
[group('fleet')]
cost stack='dev' *options:
    @fediversity cost "$@"

# Print the newest log of a machine's steps: `./just logs cinnabar --stack dev --step update`
[no-exit-message]
[group('fleet')]
logs machine *options:
    @fediversity logs "$@"

# Make a machine run the system that it ran before its last update; asks first
[no-exit-message]
[group('fleet')]
rollback machine *options:
    @fediversity rollback "$@"

# Print the steps of a rollout and their order
[no-exit-message]
[group('fleet')]
plan stack='dev' *options:
    @fediversity plan "$@"

# Write nix/fleet.json, the hand-off to Nix, from the fleet file
[no-exit-message]
[group('fleet')]
render stack='dev' *options:
    @fediversity render "$@"

# Check a fleet file, and report everything that is wrong with it; `--fleet FILE` for one that belongs to no stack
[no-exit-message]
[group('fleet')]
validate stack='dev' *options:
    @fediversity validate "$@"

# Assess phase 0 on nix/validation, and write the results down; `./just assess -- OPTIONS` for Nix
[no-exit-message]
[group('develop')]
assess *options:
    @fediversity assess "$@"

# Check every stack's fleet file and the rules it must keep to, the written files, formats, lints and types
[no-exit-message]
[group('develop')]
check stack='dev':
    ruff format --check
    ruff check
    fediversity nix-check
    mypy
    fediversity validate {{ quote(stack) }}
    fediversity validate staging
    fediversity validate production
    fediversity policy
    fediversity render --check
    fediversity render staging --check
    fediversity render production --check
    fediversity schema --check

# Check every Nix file: syntax, format, dead code and, where statix is, its lints
[no-exit-message]
[group('nix')]
nix-check:
    @fediversity nix-check

# Evaluate both flakes and build their checks for this computer (needs Nix)
[no-exit-message]
[group('nix')]
nix-flake-check *options:
    fediversity render staging --check
    nix flake check ./nix "$@"
    nix flake check "path:$PWD/nix/validation" "$@"

# Correct formats and what the linter can correct by itself
[no-exit-message]
[group('develop')]
fmt:
    ruff check --fix
    ruff format
    fediversity nix-fmt

# Check a stack's fleet file and run the tests; `./just test dev -k names` runs some of them
[no-exit-message]
[group('develop')]
test stack='dev' *options:
    @fediversity validate {{ quote(stack) }}
    -@python -m fediversity.bootstrap nix-tools
    -@python -m fediversity.bootstrap openssh-server
    @shift; python -m pytest -n 2 "$@"

# Check formats, lints and types, and run the tests of pure code (about a minute)
[group('develop')]
quick *options:
    ruff format --check --quiet
    ruff check --quiet
    mypy
    python -m pytest -q -n 2 -m "not engine" tests/test_rooms.py tests/support tests/fleet tests/planning tests/project tests/ledger tests/policy tests/cost tests/nix_eval tests/state "$@"

# Roll a fleet of COUNT simulated machines out in a temporary folder; prints makespan, caps and memory
[no-exit-message]
[group('develop')]
bench-rollout count='100':
    @python -m tests.rollout.bench_rollout {{ quote(count) }}

# Say how long `up` with nothing to do and `preview` take, beside plain Pulumi's of one resource
[no-exit-message]
[group('develop')]
bench-idle rounds='7':
    @python -m tests.rollout.bench_idle {{ quote(rounds) }}

# Build the Python package and a stack's plan into dist/
[no-exit-message]
[group('develop')]
build stack='dev':
    @fediversity validate {{ quote(stack) }}
    python -m pip wheel --quiet --no-deps --wheel-dir dist .
    fediversity plan {{ quote(stack) }} --json >{{ quote("dist/plan-" + stack + ".json") }}

# Remove caches, build output and a stack's step logs; its state and ledger stay, and so does .venv
[no-exit-message]
[group('develop')]
clean stack='dev':
    @test -f {{ quote("Pulumi." + stack + ".yaml") }} || { echo "fediversity: there is no stack" {{ quote(stack) }} >&2; exit 1; }
    rm -rf dist build .pytest_cache .mypy_cache .ruff_cache .fediversity/{{ quote(stack) }}/logs .fediversity/{{ quote(stack) }}/engine.log
    find . -name .venv -prune -o -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# Install the local (simulated) plug-ins and make the dev stack, for starting `pulumi up -s dev` by hand
[no-exit-message]
[group('engine')]
plugins:
    @fediversity plugins

# Print which Pulumi is in use and where it keeps things
[no-exit-message]
[group('engine')]
engine:
    @fediversity engine

# Run Pulumi's own command line, in the backend of the stack that it names: `./just pulumi stack ls`
[no-exit-message]
[group('engine')]
pulumi *arguments:
    @fediversity pulumi "$@"
