"""The CPython program: an interpreter with numpy, OpenCV and matplotlib loaded, which forks for every execution.

It runs as its own program (`python -m lensmill.sandbox.child SOCKET FOLDERS...`), never as a fork of the host. It runs
no hostile code itself: it takes requests from the host, forks, and kills the fork at its deadline. The fork enters the
jail, runs the code and writes its reply directly to the host, which treats the reply as hostile data.
"""

import ctypes
import json
import mmap
import os
import select
import signal
import socket
import struct
import sys

from lensmill.sandbox import jail, syscalls, wire
from lensmill.sandbox.namespace import Namespace

CONTROL = struct.Struct("=d")
"""The message that the host sends with two descriptors (the request, the reply): the seconds to run."""

SPARE_MB = 512
"""Address space for pictures and arrays in MB, added to the interpreter's own memory."""


def serve(control: socket.socket, folders: list[str]) -> None:
    """Fork an execution for every request until the host closes the socket.

    Args:
        control: the socket that brings requests.
        folders: folders that a fork may read. The last one is this program's temporary folder.
    """
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, CONTROL.size, 2)
        if len(message) < CONTROL.size or len(descriptors) != 2:
            return
        (seconds,) = CONTROL.unpack(message)
        child = os.fork()
        if child == 0:
            try:
                _execute(descriptors[0], descriptors[1], seconds, folders)
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
        control.send(struct.pack("=i", _reap(child, seconds)))


def _reap(child: int, seconds: float) -> int:
    """Wait for the fork, or kill it after `seconds`. Return its status."""
    watch = os.pidfd_open(child)
    try:
        if not select.select([watch], [], [], seconds)[0]:
            os.kill(child, signal.SIGKILL)
        return os.waitpid(child, 0)[1]
    finally:
        os.close(watch)


def _execute(request: int, reply: int, seconds: float, folders: list[str]) -> None:
    """In the fork: read the request, enter the jail, run the code, reply. Never returns to the loop."""
    with mmap.mmap(request, 0, access=mmap.ACCESS_READ) as view:
        (length,) = struct.unpack(">I", view[:4])
        task = json.loads(view[4 : 4 + length])
        namespace = Namespace(task, view, 4 + length, folders[-1])
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    jail.close_descriptors((0, 1, 2, reply))
    memory = jail.address_space() + (int(task["memory_mb"]) + SPARE_MB << 20)
    jail.no_new_privileges()
    jail.rlimits(memory, open_files=64, cpu_seconds=int(seconds) + 2)
    if "landlock" in task["layers"]:
        jail.landlock(["/dev/null", "/dev/urandom", *folders])
    if "seccomp" in task["layers"]:
        jail.seccomp(syscalls.CHILD, threads=False)
    answer, payload = namespace.run()
    wire.send(reply, answer)
    for pixels in payload:
        data = memoryview(pixels)
        while data:
            data = data[os.write(reply, data) :]


def _load() -> None:
    """Import the libraries of the code, so that forks share them. Stay single-threaded: threads do not survive a
    fork."""
    import cv2
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    cv2.setNumThreads(1)
    figure = plt.figure()
    figure.savefig(os.devnull, format="png")  # the first figure finds the fonts and loads the drawing engine
    plt.close(figure)
    ctypes.CDLL(None).malloc_trim(0)


def main() -> None:
    """Read the socket's number and the folders from the command line, load the libraries, greet the host and serve
    it."""
    control = socket.socket(fileno=int(sys.argv[1]))
    _load()
    wire.send(1, {"ready": True})
    serve(control, sys.argv[2:])


if __name__ == "__main__":
    main()
