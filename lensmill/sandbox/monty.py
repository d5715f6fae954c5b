"""The Monty interpreter: a Python interpreter without files or network (pydantic-monty), with a small PIL, in a jail.

Three boundaries separate a model's code from the host. The interpreter holds no files, processes, network or objects of
the host. Its worker is a separate process, jailed by `lensmill.sandbox.jail`. A second jailed process, the broker,
turns the arguments of tool calls into short JSON, so that no object made by hostile code exists in the host. The host
runs the tools and PIL on its own pictures and checks every argument.

These boundaries stop the attacks in tests/sandbox. That is evidence, not proof: the interpreter is young. For that
reason its version is pinned, and it is not the only boundary. Run the attacks again whenever its version changes.
"""

import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lensmill.picture import Picture
from lensmill.sandbox import wire
from lensmill.sandbox.admission import NotAdmitted, admit
from lensmill.sandbox.picture_session import Fault, PictureSession
from lensmill.sandbox.pil_operations import OPERATIONS
from lensmill.sandbox.programs import Pool, Program, available_layers, described, readable_folders
from lensmill.sandbox.protocol import BoxMaps, Execution, Limits
from lensmill.sandbox.values import HANDLE_SPACE, TooMuch, decode, encode
from lensmill.tools import EDIT_TOOLS

GRACE_SECONDS = 1.0
"""Seconds beyond the time limit in which the interpreter can end a block itself and report the line."""

STATE_CAP = 4 << 20
"""Maximum bytes of a session's state between two blocks, as the interpreter serializes it."""

_STOPS = {
    "seconds": "the code took too long and was stopped; all variables are gone",
    "memory": "the code took too much memory and was stopped; all variables are gone",
    "host_calls": "the code called tools too often and was stopped; all variables are gone",
    "state": "the code's variables are too large to keep; all of them are gone",
    "interpreter": "the interpreter failed on this code; all variables are gone",
}


class MontySandbox:
    """Makes sessions of the Monty interpreter.

    Args:
        limits: limits of one execution; None for the defaults.
        programs: interpreters that run at the same time. Sessions share them and wait while all are busy.
        unsafe: run even where the machine grants no boundary.

    Raises:
        NoBoundary: see `available_layers`.
        RuntimeError: the interpreter does not start; the message holds its output.
    """

    def __init__(self, limits: Limits | None = None, programs: int = 2, unsafe: bool = False) -> None:
        self._limits = limits or Limits()
        self._active = available_layers(unsafe)
        self._folder = Path(tempfile.mkdtemp(prefix="lensmill-sandbox-"))
        self._pool = Pool(self._start, programs)
        try:
            self._launcher = self._write_launcher()
            with self._pool.lent():
                pass
        except BaseException:
            self.close()
            raise

    def _write_launcher(self) -> Path:
        """Write the file that the client starts. It enters the jail and then becomes the interpreter."""
        binary = shutil.which("monty", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
        if binary is None:
            raise RuntimeError("the interpreter's program `monty` is missing: pip install pydantic-monty")
        inner = str(Path(__file__).with_name("launcher.py"))
        command = shlex.join([sys.executable, "-IS", inner, os.path.realpath(binary), ",".join(self._active) or "none"])
        launcher = self._folder / "worker"
        launcher.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        launcher.chmod(0o700)
        return launcher

    def _start(self) -> Program:
        layers = ",".join(self._active) or "none"
        folders = [*readable_folders(), str(self._folder)]
        return Program("lensmill.sandbox.broker", [str(self._launcher), layers, *folders])

    def session(self, pictures: Sequence[Picture], boxes: BoxMaps) -> "MontySession":
        """A new session. Code sees `pictures` as image_1, image_2, ... and `boxes` as `<kind>_bbox`."""
        return MontySession(self._pool, self._limits, pictures, boxes)

    def layers(self) -> tuple[str, ...]:
        """The boundaries in force on this machine, for the report at start."""
        return ("an interpreter without files, processes or network (pydantic-monty)", *described(self._active))

    def close(self) -> None:
        """Stop all programs and remove the temporary folder."""
        self._pool.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class MontySession:
    """The variables of one episode. Between blocks they are bytes that only an interpreter reads."""

    def __init__(self, pool: Pool, limits: Limits, pictures: Sequence[Picture], boxes: BoxMaps) -> None:
        self._pool, self._limits = pool, limits
        self._pictures, self._boxes = tuple(pictures), boxes
        self._fresh()

    def _fresh(self) -> None:
        self._state = b""
        self._session = PictureSession(self._pictures, self._boxes, self._limits, OPERATIONS)

    def close(self) -> None:
        """Forget all variables. A later block would start without them."""
        self._fresh()

    def run(self, code: str) -> Execution:
        """Run a block. A limit that ends the block also deletes the session's variables (`Execution.stopped`)."""
        try:
            admitted = admit(code, self._limits)
        except NotAdmitted as refusal:
            return Execution(error=str(refusal))
        if admitted.beyond:
            return Execution(error=f"{admitted.beyond[0]} is not available here; use the tools, PIL or math")
        self._session.start_block()
        printed, error, stopped = "", None, None
        try:
            with self._pool.lent() as program:
                printed, error, stopped = self._converse(program, admitted.source)
        except wire.Late:
            stopped = "seconds"
        except (wire.Broken, TooMuch):  # the program died or sent an invalid message; it was killed
            stopped = "memory"
        result = (tuple(self._session.shown), tuple(self._session.focused), printed[: self._limits.output_chars])
        if (
            stopped == "seconds"
        ):  # the progress of such a block depends on the machine, and the same code must give the same result
            result = ((), (), "")
        if stopped:
            self._fresh()
            error = f"{error}: {_STOPS[stopped]}" if error else _STOPS[stopped]
        return Execution(*result, error, stopped)

    def _converse(self, program: Program, source: str) -> tuple[str, str | None, str | None]:
        """Send the block, run its calls, and read its end: the printed text, the error, and the limit that stopped
        it."""
        limits = self._limits
        request: dict[str, Any] = {
            "code": source,
            "names": {} if self._state else {name: _outward(value) for name, value in self._session.names.items()},
            "functions": [*EDIT_TOOLS, "display"],
            "seconds": limits.seconds,
            "memory_mb": limits.memory_mb,
            "host_calls": limits.host_calls,
            "output_chars": limits.output_chars,
            "state": len(self._state),
        }
        end = time.monotonic() + limits.seconds
        wire.send(program.to, request, self._state, end)
        calls, stopped = 0, None
        while True:
            message = wire.receive(program.back, end + GRACE_SECONDS)
            if not isinstance(message, dict):
                raise wire.Broken("a message that is no object")
            if "call" not in message:
                printed, error, ended = self._ending(program, message, end)
                return printed, error, stopped or ended
            calls += 1
            if calls > limits.host_calls:
                stopped = "host_calls"
            elif time.monotonic() > end:
                stopped = "seconds"
            reply = {"stop": True} if stopped else self._play(message)
            wire.send(program.to, reply, deadline=time.monotonic() + GRACE_SECONDS)

    def _play(self, message: dict[str, Any]) -> dict[str, Any]:
        name, on = message.get("call"), message.get("on")
        args, kwargs = decode(message.get("args")), message.get("kwargs")
        if not isinstance(name, str) or not isinstance(on, int | None) or not isinstance(args, list):
            raise wire.Broken("a call of no known shape")
        if not isinstance(kwargs, dict):
            raise wire.Broken("a call of no known shape")
        try:
            value = self._session.call(name, on, args, {str(key): decode(item) for key, item in kwargs.items()})
        except Fault as fault:
            return {"error": [fault.kind, str(fault)]}
        return {"value": encode(value)}

    def _ending(self, program: Program, message: dict[str, Any], end: float) -> tuple[str, str | None, str | None]:
        printed, error, stopped, length = (message.get(key) for key in ("printed", "error", "stopped", "state"))
        if not isinstance(printed, str) or not isinstance(error, str | None) or not isinstance(length, int):
            raise wire.Broken("an ending of no known shape")
        if not 0 <= length <= STATE_CAP or (stopped not in _STOPS and stopped not in (None, "host")):
            raise wire.Broken("an ending of no known shape")
        state = wire.receive_bytes(program.back, length, end + 2 * GRACE_SECONDS)
        if stopped is None:
            self._state = state
            # the state holds an object's identity if and only if a variable holds the object
            self._session.forget_unless(lambda number: ((HANDLE_SPACE << 64) + number).to_bytes(16, "big") in state)
        return printed, error[:1_000] if error else None, "interpreter" if stopped == "host" else stopped


def _outward(value: Any) -> Any:
    """A bound name's value as JSON. Maps of too many labels are cut, not refused."""
    try:
        return encode(value)
    except TooMuch:
        return encode(dict(list(value.items())[:300])) if isinstance(value, dict) else None
