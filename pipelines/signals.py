"""Ctrl-C and SIGTERM before a job listens, and after it has ended: one line and status 130, or the job's own status.

Imported before all else of a job, whose imports take seconds, so it imports little itself.
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
    """Stop at once on a signal, in a process started as `python -m pipelines.<job>`; in others nothing changes."""
    if sys.argv[:1] == ["-m"]:  # until Python has found the module that it runs
        for number in _BOTH:
            signal.signal(number, stop_at_once)


def begin() -> None:
    """From here Ctrl-C is KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is stop_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def end() -> None:
    """What is left is tidying up, and the job's status stands, whatever signals come."""
    for number in _BOTH:
        signal.signal(number, signal.SIG_IGN)
