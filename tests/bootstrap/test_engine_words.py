"""What of the engine's output is printed after a rollout that was shown in another way."""

from fediversity.rollout.diagnostics import pulumi_diagnostics

FAILED = """\
Updating (dev):

@ updating....
 ~  command:local:Command oak-update **updating failed** [diff: ~environment]; error: exit status 1
Diagnostics:
  command:local:Command (oak-update):
    error: exit status 1: running "exec .venv/bin/fediversity-step update oak":
    oak-update failed: the switch failed

  hcloud:index:Server (elm-server):
    error: quota exceeded

  pulumi:pulumi:Stack (fediversity-dev):
    error: update failed

Outputs:
    addresses: {
        oak: "192.0.2.1"
    }

Resources:
    ~ 1 updated
    2 errored

Duration: 10s

"""


def test_errors_of_steps_are_left_to_the_ledger_and_those_of_the_cloud_are_shown() -> None:
    assert pulumi_diagnostics(FAILED, {"oak-update"}, ended_well=False) == [
        "Diagnostics:",
        "  hcloud:index:Server (elm-server):",
        "    error: quota exceeded",
        "Resources:",
        "    ~ 1 updated",
        "    2 errored",
        "Duration: 10s",
    ]


def test_an_error_of_a_step_that_the_ledger_does_not_know_is_shown() -> None:
    assert "    oak-update failed: the switch failed" in pulumi_diagnostics(FAILED, (), ended_well=False)


def test_an_engine_that_ended_before_it_could_report_is_quoted() -> None:
    assert pulumi_diagnostics("error: could not load plugin\n", (), ended_well=False) == [
        "error: could not load plugin"
    ]


def test_an_engine_that_has_nothing_to_report_is_not_quoted() -> None:
    assert pulumi_diagnostics("Updating (dev):\n", (), ended_well=True) == []
