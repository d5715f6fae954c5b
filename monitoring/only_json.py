"""With `logging=json` every line of the job's output is one JSON object, whoever wrote it.

Libraries, Python itself and C++ code print to the process's own standard output and error, past every logger. So both
file descriptors lead through a pipe: lines that are JSON objects pass, any other becomes the message of one.
"""

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import BinaryIO

from monitoring.logs import LOGGER, line_of, log_to

MOST_CHARS = 2000
"""Of a foreign line; the rest is cut."""

BURST = 20
"""Foreign lines that follow one another, as in a dump of a library's state; of more, only the number is told."""

PATIENCE_S = 5.0
"""How long to wait for the last lines: a process that outlives the job may hold its end of the pipe."""


@contextmanager
def only_json() -> Iterator[None]:
    """Within the block, whatever this process and its children print comes out as JSON objects, one a line."""
    log_to("json")
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = LOGGER.handlers
    logging.captureWarnings(True)
    warnings.simplefilter("default", ResourceWarning, append=True)
    streams = [_Stream(1, "stdout"), _Stream(2, "stderr")]
    try:
        yield
    finally:
        for stream, text in zip(streams, (sys.stdout, sys.stderr), strict=True):
            text.flush()
            stream.close()
        logging.captureWarnings(False)
        root.handlers[:] = before


class _Stream:
    """One file descriptor of this process, led through a pipe."""

    def __init__(self, number: int, name: str) -> None:
        self._number, self._name = number, name
        self._real = os.dup(number)
        reading, writing = os.pipe()
        os.dup2(writing, number)
        os.close(writing)
        self._thread = Thread(target=self._pass_on, args=(os.fdopen(reading, "rb"),), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Put the descriptor back, once the last line is through."""
        os.dup2(self._real, self._number)
        self._thread.join(PATIENCE_S)
        if not self._thread.is_alive():
            os.close(self._real)

    def _pass_on(self, lines: BinaryIO) -> None:
        foreign = 0
        with lines:
            for raw in lines:
                line = raw.decode(errors="replace").rstrip()
                if _is_object(line):
                    self._tell_left_out(foreign)
                    foreign = 0
                    self._write(line)
                elif line:
                    foreign += 1
                    if foreign <= BURST:
                        self._write(line_of("warning", line[:MOST_CHARS], "json", fields={"from": self._name}))
        self._tell_left_out(foreign)

    def _tell_left_out(self, foreign: int) -> None:
        if foreign > BURST:
            text = f"{foreign - BURST} more lines of {self._name} are left out"
            self._write(line_of("warning", text, "json", fields={"from": self._name}))

    def _write(self, line: str) -> None:
        data = f"{line}\n".encode()
        while data:
            data = data[os.write(self._real, data) :]


def _is_object(line: str) -> bool:
    if not line.startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
