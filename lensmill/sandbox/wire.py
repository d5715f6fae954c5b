"""The protocol between the host and its jailed programs: capped frames of JSON (never pickle) over pipes, with a
deadline.

Data from a jailed program is hostile: a frame that is too long, late or invalid ends the program, never the host.
"""

import json
import os
import select
import struct
import time
from typing import Any

MESSAGE_CAP = 1 << 20
"""Maximum bytes of one message. Arguments and printed text are cut far below this."""


class Broken(RuntimeError):
    """The other side closed the connection, or sent an invalid message."""


class Late(RuntimeError):
    """The deadline passed."""


def send(descriptor: int, message: Any, payload: bytes = b"", deadline: float | None = None) -> None:
    """Write one message and its payload, if any.

    Args:
        descriptor: of a pipe or socket; with a deadline it must not block.
        message: a value for JSON.
        payload: raw bytes after the message.
        deadline: a `time.monotonic()`; None for no deadline.

    Raises:
        Broken: the other side closed the connection.
        Late: the other side did not read in time.
    """
    body = json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    data = memoryview(struct.pack(">I", len(body)) + body + payload)
    try:
        while data:
            try:
                data = data[os.write(descriptor, data) :]
            except BlockingIOError:
                _wait(descriptor, select.POLLOUT, deadline)
    except OSError as error:
        raise Broken("the program does not listen any more") from error


def receive(descriptor: int, deadline: float | None = None, cap: int = MESSAGE_CAP) -> Any:
    """Read one message.

    Args:
        descriptor: of a pipe or socket.
        deadline: a `time.monotonic()`; None for no deadline.
        cap: maximum bytes of the message.

    Raises:
        Broken: the other side closed the connection, or the message is too long or is not JSON.
        Late: the deadline passed.
    """
    (length,) = struct.unpack(">I", receive_bytes(descriptor, 4, deadline))
    if length > cap:
        raise Broken(f"a message of {length} bytes, {cap} are allowed")
    body = receive_bytes(descriptor, length, deadline)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Broken("a message that is not JSON") from error


def receive_bytes(descriptor: int, length: int, deadline: float | None = None) -> bytes:
    """Read exactly `length` bytes. The caller has checked `length`.

    Raises:
        Broken: the other side closed the connection.
        Late: the deadline passed.
    """
    buffer = bytearray()
    while len(buffer) < length:
        if deadline is not None:
            _wait(descriptor, select.POLLIN, deadline)
        try:
            part = os.read(descriptor, min(length - len(buffer), 1 << 20))
        except OSError as error:
            raise Broken("the program went away") from error
        if not part:
            raise Broken("the program went away")
        buffer += part
    return bytes(buffer)


def _wait(descriptor: int, event: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    left = None if deadline is None else (deadline - time.monotonic()) * 1000
    if (left is not None and left <= 0) or not poll.poll(left):
        raise Late
