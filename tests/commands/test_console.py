"""The first Ctrl-C waits for the step to end."""

import os
import signal

import pytest

from gnn_toolkit.commands.console import between_steps


def test_ctrl_c_waits_for_the_step_to_end_and_a_second_one_does_not():
    before = signal.getsignal(signal.SIGINT)
    with between_steps() as stop_if_asked:
        stop_if_asked()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            stop_if_asked()
        assert signal.getsignal(signal.SIGINT) is before
    with between_steps():
        pass
    assert signal.getsignal(signal.SIGINT) is before
