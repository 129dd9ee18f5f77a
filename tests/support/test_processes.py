"""Whether processes and groups exist, and ending a group."""

import os
import signal
import subprocess
import sys

from fediversity.support.processes import existence, group_is_alive, is_alive, signal_group


def test_this_process_is_alive_and_one_that_was_waited_for_is_not() -> None:
    assert existence(os.getpid()) == "ours"
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert not is_alive(child.pid)


def test_a_group_is_ended_as_a_whole_and_ending_it_again_does_no_harm() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, start_new_session=True) as child:
        assert group_is_alive(child.pid)
        signal_group(child.pid, signal.SIGKILL)
        child.wait()
    assert not group_is_alive(child.pid)
    signal_group(child.pid, signal.SIGKILL)
