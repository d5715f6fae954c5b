"""With `logging=json` every line of the job's output is one JSON object, whichever code wrote it.

Libraries, Python itself and C++ code print directly to the process's standard output and error. So both file
descriptors lead through a separate process: lines that are JSON objects pass unchanged, any other line becomes the
message of an object. A thread would not be enough: if the process aborts, a thread would lose its last lines.
"""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import BinaryIO

from monitoring.logs import LOGGER, line_of, log_to

ROOT = Path(__file__).resolve().parent.parent

MOST_CHARS = 2000
"""Maximum characters of a foreign line; the rest is cut."""

BURST = 20
"""Maximum foreign lines in a row, as in a dump of a library's state; of more lines only the number is printed."""

PATIENCE_S = 5.0
"""Seconds to wait for the last lines: a process that outlives the job may hold its end of a pipe."""

STREAMS = ((1, "stdout"), (2, "stderr"))


@contextmanager
def only_json() -> Iterator[None]:
    """Within the block, all output of this process and its children becomes JSON objects, one for each line."""
    log_to("json")
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = LOGGER.handlers
    logging.captureWarnings(True)
    real, pipes = [os.dup(number) for number, _ in STREAMS], [os.pipe() for _ in STREAMS]
    reading = [ends[0] for ends in pipes]
    filtering = subprocess.Popen(  # in its own session: a signal to the job's group must not end it
        [sys.executable, "-m", "monitoring.only_json", *map(str, (*reading, *real))],
        cwd=ROOT,
        pass_fds=(*reading, *real),
        start_new_session=True,
    )
    for (number, _), (end, writing) in zip(STREAMS, pipes, strict=True):
        os.dup2(writing, number)
        os.close(writing)
        os.close(end)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for (number, _), original in zip(STREAMS, real, strict=True):
            os.dup2(original, number)
            os.close(original)
        with contextlib.suppress(subprocess.TimeoutExpired):
            filtering.wait(PATIENCE_S)
        logging.captureWarnings(False)
        root.handlers[:] = before


def main(descriptors: list[int]) -> None:
    """The separate process: read two pipes to their ends.

    Args:
        descriptors: the pipes of standard output and error, then the files that they lead to.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # systemd signals every process of a job
        signal.signal(number, signal.SIG_IGN)
    count = len(STREAMS)
    threads = [
        Thread(target=pass_on, args=(os.fdopen(reading, "rb"), real, name))
        for reading, real, (_, name) in zip(descriptors[:count], descriptors[count:], STREAMS, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pass_on(lines: BinaryIO, real: int, name: str) -> None:
    """Write every line of one stream, as an object, to a file descriptor.

    Args:
        lines: the stream.
        real: the file descriptor.
        name: "stdout" or "stderr".
    """
    foreign = 0
    with lines:
        for raw in lines:
            line = raw.decode(errors="replace").rstrip()
            if _is_object(line):
                _tell_left_out(foreign, real, name)
                foreign = 0
                _write(real, line)
            elif line:
                foreign += 1
                if foreign <= BURST:
                    _write(real, line_of("warning", line[:MOST_CHARS], "json", fields={"from": name}))
    _tell_left_out(foreign, real, name)


def _tell_left_out(foreign: int, real: int, name: str) -> None:
    if foreign > BURST:
        text = f"{foreign - BURST} more lines of {name} are omitted"
        _write(real, line_of("warning", text, "json", fields={"from": name}))


def _write(real: int, line: str) -> None:
    data = f"{line}\n".encode()
    with contextlib.suppress(OSError):  # the reader is gone or the disk is full: the job continues
        while data:
            data = data[os.write(real, data) :]


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


if __name__ == "__main__":
    main([int(descriptor) for descriptor in sys.argv[1:]])
