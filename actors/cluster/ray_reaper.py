"""Ends the remaining processes of a local Ray after its driver has died for any reason.

    python ray_reaper.py < PIPE

For each process of Ray that the driver starts, it writes a line with the number of the process' session. It never
closes the pipe, so the pipe's end means that the driver has died. The kernel kills those processes together with the
driver, but some of their children would wait minutes for an answer from dead processes. A plain script without imports
from lensmill.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_S = 2.0
"""Seconds for workers, which notice the death and end by themselves."""


def processes(sessions: set[int]) -> list[int]:
    """The processes of these sessions."""
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(ValueError, ProcessLookupError):
            if os.getsid(int(entry)) in sessions:
                found.append(int(entry))
    return found


def main() -> None:
    """Read session numbers until the pipe closes, wait, and kill the remaining processes."""
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
