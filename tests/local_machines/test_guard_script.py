"""The guard's script: simulated machines know it by its text, which is the runner's own."""

from fediversity.deploy import guard as runner
from fediversity.local.machines.commands import guard as simulated


def test_the_script_that_simulated_machines_act_out_is_the_one_that_the_runner_leaves_there() -> None:
    assert simulated.SCRIPT == runner.SCRIPT
