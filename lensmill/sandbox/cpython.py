"""The CPython interpreter, for code that needs numpy, OpenCV or matplotlib. Optional, off by default.

CPython has no boundaries inside: numpy alone can run anything (pickles). The only boundary is the jail around a process
that lives for a single execution (`lensmill.sandbox.child`), so both Landlock and seccomp must be available. Earlier
blocks of the episode run again before each new one. The tests contain known attacks. That is evidence, not proof.
"""

import json
import os
import shutil
import socket
import struct
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from PIL import Image

from lensmill.geometry import Frame
from lensmill.picture import Picture
from lensmill.sandbox import arguments, wire
from lensmill.sandbox.admission import NotAdmitted, admit
from lensmill.sandbox.picture_session import as_dicts
from lensmill.sandbox.programs import NoBoundary, Pool, Program, available_layers, described, readable_folders
from lensmill.sandbox.protocol import BoxMaps, Execution, Limits
from lensmill.tools import ToolError

GRACE_SECONDS = 0.5
"""Seconds that a block which reached its time limit has for its reply."""

_FONTS = "/usr/share/fonts"
_STOPS = {
    "seconds": "the code took too long and was stopped; all variables are gone",
    "process": "the code ended its process (by too much memory, or by leaving); all variables are gone",
}


class _Forker(Program):
    """A running `lensmill.sandbox.child`, with the socket for its requests."""

    def __init__(self, folder: str) -> None:
        self.control, theirs = socket.socketpair()
        try:
            folders = [*readable_folders(), _FONTS, folder]
            environment = {
                "MPLCONFIGDIR": folder,
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
                "PYTHONHASHSEED": "0",  # makes the order of a set of strings the same in every run
            }
            arguments_ = [str(theirs.fileno()), *folders]
            super().__init__("lensmill.sandbox.child", arguments_, environment, (theirs.fileno(),))
        except BaseException:
            self.control.close()
            raise
        finally:
            theirs.close()

    def end(self) -> None:
        super().end()
        self.control.close()


class CPythonSandbox:
    """Makes sessions of the CPython interpreter.

    Args:
        limits: limits of one execution; None for the defaults.
        programs: executions at the same time.
        unsafe: run even where the machine lacks a layer.

    Raises:
        NoBoundary: Landlock or seccomp is missing.
        RuntimeError: the program does not start; the message holds its output.
    """

    def __init__(self, limits: Limits | None = None, programs: int = 1, unsafe: bool = False) -> None:
        self._limits = limits or Limits()
        self._active = available_layers(unsafe)
        if len(self._active) < 2 and not unsafe:
            raise NoBoundary(
                "the CPython interpreter needs both Landlock and seccomp, and this machine grants only "
                f"{self._active[0]}; set sandbox.cpython=false, or allow it with sandbox.unsafe=true"
            )
        self._folder = tempfile.mkdtemp(prefix="lensmill-sandbox-")
        self._pool = Pool(lambda: _Forker(self._folder), programs)
        try:
            with self._pool.lent():
                pass
        except BaseException:
            self.close()
            raise

    def session(self, pictures: Sequence[Picture], boxes: BoxMaps) -> "CPythonSession":
        """A new session. Code sees `pictures` as image_1, image_2, ... and `boxes` as `<kind>_bbox`."""
        return CPythonSession(self._pool, self._limits, self._active, pictures, boxes)

    def layers(self) -> tuple[str, ...]:
        """The boundaries in force on this machine, for the report at start."""
        return ("CPython in a process for each execution, which may start none", *described(self._active))

    def close(self) -> None:
        """Stop all programs and remove the temporary folder."""
        self._pool.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class CPythonSession:
    """The blocks of one episode. Each execution runs the earlier blocks again, so no process outlives an execution."""

    def __init__(
        self, pool: Pool, limits: Limits, layers: Sequence[str], pictures: Sequence[Picture], boxes: BoxMaps
    ) -> None:
        self._pool, self._limits, self._layers = pool, limits, tuple(layers)
        self._pictures = tuple(pictures)
        self._maps = {f"{kind}_bbox": as_dicts(boxes.get(kind, {})) for kind in arguments.KINDS}
        self._blocks: list[str] = []

    def close(self) -> None:
        """Forget the earlier blocks."""
        self._blocks.clear()

    def run(self, code: str, earlier: Sequence[str] = ()) -> Execution:
        """Run a block.

        Args:
            code: the block's source.
            earlier: blocks that ran in Monty before all blocks of this session.
        """
        try:
            source = admit(code, self._limits).source
        except NotAdmitted as refusal:
            return Execution(error=str(refusal))
        try:
            with self._pool.lent() as program:
                assert isinstance(program, _Forker)
                result = self._converse(program, [*earlier, *self._blocks, source])
        except (wire.Broken, wire.Late, OSError):  # the program that forks died or hangs; it was killed
            result = _ended("process")
        if result.stopped:
            self._blocks.clear()
        else:
            self._blocks.append(source)
        return result

    def _converse(self, program: _Forker, blocks: Sequence[str]) -> Execution:
        reply, theirs = os.pipe()
        request = -1
        try:
            request = self._request(blocks)
            end = time.monotonic() + self._limits.seconds + GRACE_SECONDS
            seconds = struct.pack("=d", self._limits.seconds + GRACE_SECONDS)
            socket.send_fds(program.control, [seconds], [request, theirs])
            os.close(theirs)
            theirs = -1
            program.control.settimeout(self._limits.seconds + 4 * GRACE_SECONDS)
            try:
                result = self._reply(reply, end)
            except wire.Late:
                result = _ended("seconds")
            except (wire.Broken, ToolError):
                result = _ended("seconds" if time.monotonic() > end - GRACE_SECONDS / 2 else "process")
            wire.receive_bytes(program.control.fileno(), 4, end + 4 * GRACE_SECONDS)  # returns when the fork has ended
            return result
        finally:
            for descriptor in (reply, theirs, request):
                if descriptor >= 0:
                    os.close(descriptor)

    def _request(self, blocks: Sequence[str]) -> int:
        limits = self._limits
        task = {
            "blocks": list(blocks),
            "maps": self._maps,
            "pictures": [[*p.pixels.size, *p.frame.region.xyxy] for p in self._pictures],
            "layers": self._layers,
            "memory_mb": limits.memory_mb,
            "output_chars": limits.output_chars,
            "pixels": limits.pixels,
            "shown": limits.pictures,
        }
        body = json.dumps(task).encode()
        request = os.memfd_create("request", os.MFD_CLOEXEC)
        with os.fdopen(os.dup(request), "wb") as file:
            file.write(struct.pack(">I", len(body)) + body)
            for picture in self._pictures:
                file.write(picture.pixels.tobytes())
        return request

    def _reply(self, reply: int, end: float) -> Execution:
        """Read the fork's reply as hostile data.

        Raises:
            Broken, Late, ToolError: the data is not a valid reply.
        """
        message = wire.receive(reply, end)
        if not isinstance(message, dict):
            raise wire.Broken("a reply that is no object")
        printed, error = message.get("printed"), message.get("error")
        if not isinstance(printed, str) or not isinstance(error, str | None):
            raise wire.Broken("a reply of no known shape")
        shown, boxes = _rows(message.get("pictures"), self._limits.pictures), _rows(message.get("boxes"), 500)
        left = 2 * self._limits.pixels
        pictures = []
        for row in shown:
            if len(row) != 6:
                raise wire.Broken("a picture of no known shape")
            width, height = arguments.size(row[:2], min(left, self._limits.pixels))
            left -= width * height
            region = arguments.box_of(row[2:], "a region")
            if region.area <= 0:
                raise wire.Broken("a picture of nothing")
            data = wire.receive_bytes(reply, width * height * 3, end + GRACE_SECONDS)
            pictures.append(Picture(Image.frombytes("RGB", (width, height), data), Frame(region, width, height)))
        focused = tuple((arguments.label(name), arguments.box_of(numbers, "a box")) for name, *numbers in boxes)
        stopped = "memory" if message.get("memory") is True else None
        return Execution(
            tuple(pictures), focused, printed[: self._limits.output_chars], error and error[:1_000], stopped
        )


def _ended(stopped: str) -> Execution:
    return Execution(error=_STOPS[stopped], stopped=stopped)


def _rows(value: Any, most: int) -> list[list[Any]]:
    if isinstance(value, list) and len(value) <= most and all(isinstance(row, list) and row for row in value):
        return value
    raise wire.Broken("a list of no known shape")
