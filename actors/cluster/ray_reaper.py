"""Ends what is left of a Ray of our own once its driver is gone, however that went.

    python ray_reaper.py < PIPE

The driver writes a line with the session's number for each of Ray's processes that it starts, and never closes the
pipe: its end is the driver's. The kernel kills those processes with the driver, but some that these started would wait
minutes for an answer from the dead. A plain script without imports of ours.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_S = 2.0
"""For workers, which notice and end by themselves."""


def processes(sessions: set[int]) -> list[int]:
    """The processes of these sessions."""
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(ValueError, ProcessLookupError):
            if os.getsid(int(entry)) in sessions:
                found.append(int(entry))
    return found


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    sessions = {int(line) for line in sys.stdin}
    deadline = time.monotonic() + GRACE_S
    while processes(sessions) and time.monotonic() < deadline:
        time.sleep(0.1)
    for process in processes(sessions):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    main()
