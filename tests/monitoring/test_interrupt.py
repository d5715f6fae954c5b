"""Graceful stops by Ctrl-C."""

import os
import signal

import pytest

from monitoring.interrupt import Interrupt
from tests.said_lines import Said


class Clock:
    """Seconds that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_and_a_later_one_ends(number: signal.Signals) -> None:
    told, clock = Said(), Clock()
    with Interrupt(told, clock) as interrupt:
        os.kill(os.getpid(), number)
        assert interrupt.asked
        assert told.levels == ["warning"]
        clock.now += 1.5
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_two_signals_at_once_count_as_one() -> None:
    with Interrupt(Said(), Clock()) as interrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.asked


def test_a_line_that_cannot_be_written_does_not_prevent_the_stop() -> None:
    def busy(*_: object, **__: object) -> None:
        raise RuntimeError("reentrant call")

    with Interrupt(busy) as interrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupt.asked


def test_signal_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt(Said()):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
