"""Ctrl-C, gently."""

import os
import signal

import pytest

from monitoring.interrupt import Interrupt
from tests.said import Said


def test_the_first_signal_asks_and_the_second_ends() -> None:
    told = Said()
    with Interrupt(told) as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.asked
        assert told.levels == ["warning"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt(Said()):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
