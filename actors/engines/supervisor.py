"""Runs one server and sees to its end, whatever becomes of the process that wanted it.

    python supervisor.py DRAIN_SECONDS COMMAND...

Standard input is a pipe from that process. Once it is closed, be it on purpose or by death, the server is asked to
end (SIGTERM), and what is left of its process group after the drain is killed. The same happens to the group when
the server itself ends: a vLLM server that is killed leaves its engine behind, and that holds on to the GPU.

Ray kills the children of a worker that it kills, and this must outlive them: so the child only waits, and its own
child keeps. A plain script without imports of ours: it starts in an instant, and needs no memory to speak of.
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
    """Should even the supervisor be killed, the server is asked to end. A Ray of our own leaves SIGTERM blocked."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def supervise(drain_s: float, command: list[str]) -> int:
    """Run the command; returns its exit status, with 128 added to the number of a signal."""
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=end_with_the_supervisor)
    ended = os.pidfd_open(server.pid)  # not waited for yet, so its group's number stays taken
    ready, _, _ = select.select([0, ended], [], [])
    if ended not in ready:
        os.kill(server.pid, signal.SIGTERM)
        select.select([ended], [], [], drain_s)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    status = server.wait()
    return status if status >= 0 else 128 - status


def main() -> int:
    if child := os.fork():
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status if status >= 0 else 128 - status
    os.setsid()
    return supervise(float(sys.argv[1]), sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
