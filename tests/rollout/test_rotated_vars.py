"""A secret that is rotated in the repository updates the machines that have it, once. With the real engine."""

import pytest

from tests.rollout.checkout import Checkout, Done
from tests.rollout.faults import SERVER, keep_small, roll_out, root_of, steps_of
from tests.rollout.small import operations

pytestmark = pytest.mark.engine

GENERATOR = "emergency-access"
SHARED = "vars/shared/user-password-crs58/user-password-hash"
UPDATE = f"{SERVER}-update"


def clan(checkout: Checkout, *words: str) -> Done:
    """The simulated clan, as a person of this stack would start it."""
    theirs = Checkout(checkout.root, checkout.environment | {"FEDIVERSITY_STATE_DIR": str(checkout.stack_dir)})
    return theirs.run("fediversity/embedded_cloud/bin/clan", *words, "--flake", f"path:{checkout.root}/nix")


def test_a_var_that_is_generated_again_updates_the_machine_that_has_it_and_nothing_twice(checkout: Checkout) -> None:
    checkout.edit_fleet(keep_small)
    checkout.must(roll_out(checkout))
    assert steps_of(checkout, lambda: checkout.must(roll_out(checkout))) == [], "a second rollout runs nothing"

    checkout.must(clan(checkout, "vars", "generate", SERVER, "--generator", GENERATOR, "--regenerate"))

    assert operations(checkout) == {UPDATE: "update"}
    told = checkout.must(checkout.run("fediversity", "plan", "dev"))
    assert f"changed: its secrets or vars have changed since (vars/per-machine/{SERVER}/{GENERATOR}/" in told
    done = steps_of(checkout, lambda: checkout.must(roll_out(checkout)))
    assert [(record.step, record.outcome) for record in done] == [(UPDATE, "applied")]
    assert "it was given its changed secrets and vars" in (done[0].reason or "")
    assert operations(checkout) == {}


def test_a_shared_secret_updates_those_who_can_read_it_and_again_the_one_that_was_not_reached(
    checkout: Checkout,
) -> None:
    secret = checkout.stack_dir / "cloud/flake" / SHARED / "secret"
    secret.write_text("written anew by a person")
    assert operations(checkout) == dict.fromkeys(("cinnabar-update", UPDATE), "update")
    checkout.must(checkout.local("fault", SERVER, "refuse"))
    assert roll_out(checkout).status != 0
    checkout.must(checkout.local("heal"))

    done = steps_of(checkout, lambda: checkout.must(roll_out(checkout)))

    assert [record.step for record in done] == [UPDATE]
    for machine in ("cinnabar", SERVER):
        given = root_of(checkout, machine) / "run/secrets" / SHARED
        assert given.read_text() == "written anew by a person"
    assert operations(checkout) == {}
