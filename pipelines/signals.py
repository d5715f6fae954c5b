"""Ctrl-C and SIGTERM before a job listens, and after it has ended: one line and status 130, or the job's own status.

A job imports this module before all others, whose imports take seconds, so this module imports little.
"""

import os
import signal
import sys
from types import FrameType

from pipelines.exit_status import ExitStatus

_BOTH = (signal.SIGINT, signal.SIGTERM)


def stop_at_once(*_: int | FrameType | None) -> None:
    """End a process that has done nothing yet."""
    os.write(2, b"stopped before the job began: run the same command again\n")
    os._exit(ExitStatus.STOPPED)


def listen_early() -> None:
    """Stop at once on a signal, in a process started as `python -m pipelines.<job>`. Other processes are left alone."""
    if sys.argv[:1] == ["-m"]:  # until Python has found the module to run
        for number in _BOTH:
            signal.signal(number, stop_at_once)


def begin() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is stop_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end() -> None:
    """Ignore further signals: only cleaning up is left, and the job's status is final."""
    for number in _BOTH:
        signal.signal(number, signal.SIG_IGN)
