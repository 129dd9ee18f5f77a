"""What a person reads of an evaluation that failed."""

import pytest

from fediversity.nix_eval.evaluate import error_text

TRACE = """\
warning: Git tree is dirty
error:
       … while calling the 'derivationStrict' builtin
         at <nix/derivation-internal.nix>:37:12:
           36|
           37|   strict = derivationStrict drvAttrs;
             |            ^

       … while evaluating the option `system.build.toplevel':

       (stack trace truncated; use '--show-trace' to show the full, detailed trace)

       \x1b[31;1merror:\x1b[0m The option `services.nginx.enabel' does not exist. Definition values:
       - In `/nix/store/abc-source/modules/web.nix': true
"""


def test_of_a_trace_the_cause_is_kept_with_all_its_lines() -> None:
    assert error_text(TRACE) == (
        "The option `services.nginx.enabel' does not exist. Definition values:\n"
        "- In `/nix/store/abc-source/modules/web.nix': true"
    )


@pytest.mark.parametrize(
    ("stderr", "text"),
    [
        ("error: attribute 'oak' missing\n", "attribute 'oak' missing"),
        ("error: first\nerror: second\n", "second"),
        (
            "error:\n       … while\n\n       error:\n       Failed assertions:\n       - one\n",
            "Failed assertions:\n- one",
        ),
        ("warning: a\nsh: nix: not found\n", "sh: nix: not found"),
        ("warning: a\n", ""),
        ("", ""),
    ],
)
def test_of_other_output_the_last_error_or_line_is_kept(stderr: str, text: str) -> None:
    assert error_text(stderr) == text


def test_an_endless_error_is_cut() -> None:
    assert len(error_text("error: " + "\n".join(f"line {number}" for number in range(100))).splitlines()) == 8
