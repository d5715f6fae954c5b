"""Runs one server and ensures its end, whatever happens to the process that started it.

    python supervisor.py DRAIN_SECONDS COMMAND...

Standard input is a pipe from that process. When the pipe closes, on purpose or by death, the supervisor asks the server
to end (SIGTERM), and after the drain time it kills the rest of the server's process group. The group is also killed
when the server ends by itself: a killed vLLM server leaves its engine process behind, which holds the GPU.

Ray kills the children of a worker that it kills, and the supervisor must survive this: so the child only waits, and a
grandchild supervises. A plain script without imports from lensmill: it starts at once and needs little memory.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1


def end_with_the_supervisor() -> None:
    """Ask the server to end if the supervisor is killed. Unblock SIGTERM, which a local Ray leaves blocked."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def supervise(drain_s: float, command: list[str]) -> int:
    """Run the command and ensure its end.

    Args:
        drain_s: seconds for the server to end itself.
        command: the server's command line.

    Returns:
        The exit status; 128 plus the number of the signal after a signal.
    """
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=end_with_the_supervisor)
    ended = os.pidfd_open(server.pid)  # the process is not reaped yet, so the number of its group stays reserved
    ready, _, _ = select.select([0, ended], [], [])
    if ended not in ready:
        os.kill(server.pid, signal.SIGTERM)
        select.select([ended], [], [], drain_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    status = server.wait()
    return status if status >= 0 else 128 - status


def main() -> int:
    """Fork, and supervise in the child's own session. The parent waits for the child's exit status."""
    if child := os.fork():
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status if status >= 0 else 128 - status
    os.setsid()
    return supervise(float(sys.argv[1]), sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
