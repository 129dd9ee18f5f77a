"""Tests that simulated machines recognize the rollback guard's script by the text that the runner uses."""

from fediversity.embedded_cloud.machines.commands import guard as simulated
from fediversity.steps.act import rollback_timer as runner


def test_the_script_that_simulated_machines_act_out_is_the_one_that_the_runner_leaves_there() -> None:
    assert simulated.SCRIPT == runner.SCRIPT
