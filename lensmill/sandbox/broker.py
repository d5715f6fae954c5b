"""The broker: a small jailed program between the host and the interpreter's worker (`python -m ...broker LAUNCHER`).

When code calls a tool, the interpreter (pydantic-monty) turns the arguments into Python objects in the process that
drives it, before any check is possible. Small source can become large objects: a thousand objects of a class whose name
has a million letters. The broker is the process that drives the interpreter. It holds no secret, has its own limits,
and may be killed at any time. The host only reads short JSON from it.

Between two blocks of a session, the host keeps the session's state as bytes. So any broker can run the next block.
"""

import datetime
import functools
import os
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pydantic_monty as monty

from lensmill.sandbox import jail, syscalls, wire
from lensmill.sandbox.pil_names import FILTERS, FUNCTIONS, NUMBERS
from lensmill.sandbox.values import HANDLE_SPACE, Handle, TooMuch, decode, encode

STATE_CAP = 4 << 20
"""Maximum bytes of a session's state between two blocks. The variables that models keep take a few kilobytes."""

_ADDRESS_SPACE = 1 << 30
_CLOCK = datetime.datetime(2000, 1, 1)  # the same in every run: an episode does not depend on the time


class Image:
    """A picture of the host, as code sees it."""


class Draw:
    """PIL's ImageDraw, as code sees it."""


class Enhancer:
    """PIL's ImageEnhance, as code sees it."""


_KINDS: dict[str, monty.ClassType] = {
    kind: monty.ClassType(stand_in, id=uuid.uuid5(uuid.NAMESPACE_OID, f"lensmill.sandbox.{kind}"))
    for kind, stand_in in (("image", Image), ("draw", Draw), ("enhancer", Enhancer))
}


class _Refused(Exception):
    """The host refuses further messages of this run."""


class Run:
    """Runs one block of code on a worker of the pool."""

    def __init__(self, request: dict[str, Any], state: bytes) -> None:
        self._request = request
        self._state = state
        self._wrappers: dict[int, monty.ClassInstance] = {}
        self._printed: list[str] = []
        self._room = int(request["output_chars"])
        self._steps = 20 * int(request["host_calls"]) + 1000
        self._refusals: set[str] = set()

    def __call__(self, pool: monty.Monty) -> tuple[dict[str, Any], bytes]:
        """Run the block. Return the closing message and the session's new state."""
        error, stopped, state = None, None, b""
        try:
            with pool.checkout(
                limits={
                    "max_memory": int(self._request["memory_mb"]) << 20,
                    "max_feed_duration_secs": float(self._request["seconds"]),
                    "max_recursion_depth": 200,
                    "max_suspensions": self._steps + 10,
                },
                os_policy={"sleep": "call_host", "datetime": _CLOCK, "random_start": {"seed": 0}},
                external_modules={"PIL": _pil},
            ) as session:
                if self._state:
                    session.load_session(self._state)
                error, stopped = self._feed(session)
                if stopped is None:
                    state = session.dump()
        except monty.MontyCrashedError as crash:
            stopped = "seconds" if crash.timed_out else "memory"
        except monty.MontyError:  # the state does not load, or the worker does not answer
            stopped = "interpreter"
        except _Refused:
            stopped = "host"
        if len(state) > STATE_CAP:
            state, stopped = b"", "state"
        printed = "".join(self._printed)
        return {"printed": printed, "error": error, "stopped": stopped, "state": len(state)}, state

    def _feed(self, session: monty.MontySession) -> tuple[str | None, str | None]:
        names = {name: self._inward(decode(value)) for name, value in self._request["names"].items()}
        try:
            step = session.feed_start(self._request["code"], inputs=names, print_callback=self._print)
            while not isinstance(step, monty.MontyComplete):
                self._steps -= 1
                if self._steps < 0:
                    return None, "host_calls"
                step = self._answer(step)
        except monty.MontySyntaxError as error:
            return _told(error), None
        except monty.MontyRuntimeError as error:
            # RecursionError is an error of the code. After the other two, the session's state cannot be trusted.
            inner = error.exception()
            if isinstance(inner, TimeoutError):
                return None, "seconds"
            if isinstance(inner, MemoryError):
                return _told(error, str(inner) in self._refusals), "memory"
            return _told(error), None
        return None, None

    def _answer(self, step: Any) -> Any:
        if isinstance(step, monty.NameLookupSnapshot):
            if step.object_id is None and step.variable_name in self._request["functions"]:
                return step.resume(value=_stub(step.variable_name))
            return step.resume()
        if isinstance(step, monty.FutureSnapshot):
            raise _Refused
        if step.is_os_function:
            return self._answer_os(step)
        try:
            name, on = str(step.function_name), _number(step.object_id)
            arguments = encode(list(step.args), _handle_of)
            given = step.kwargs
            if len(given) > 20:
                raise TooMuch("too many named arguments for one call")
            keywords = {str(key)[:100]: encode(value, _handle_of) for key, value in given.items()}
        except TooMuch as error:
            return step.resume({"exception": ValueError(str(error))})
        message = {"call": name[:100], "on": on, "args": arguments, "kwargs": keywords}
        wire.send(1, message)
        reply = wire.receive(0)
        if "stop" in reply:
            raise _Refused
        if "error" in reply:
            kind, text = reply["error"]
            if kind == "MemoryError":
                self._refusals.add(text)
            return step.resume({"exception": _ERRORS.get(kind, ValueError)(text)})
        return step.resume({"return_value": self._inward(decode(reply["value"]))})

    def _answer_os(self, step: Any) -> Any:
        """Answer imports from the stub modules. Pretend to make folders. Refuse everything else."""
        match step.function_name:
            case "import":
                return step.resume_auto()
            case "Path.mkdir":
                return step.resume({"return_value": None})
            case "Path.exists" | "Path.is_file" | "Path.is_dir":
                return step.resume({"return_value": False})
            case "time.sleep" | "asyncio.sleep":
                return step.resume({"exception": PermissionError("there is nothing to wait for here: no sleeping")})
            case _:
                text = "there are no files, processes or settings here; the pictures are image_1, image_2, ..."
                return step.resume({"exception": PermissionError(text)})

    def _inward(self, value: Any) -> Any:
        """Wrap the handles in a decoded value. A handle is wrapped once, because the session knows it by its id."""
        if isinstance(value, Handle):
            if value.number not in self._wrappers:
                kind = _KINDS[value.kind]
                instance = kind.value()
                for name, fact in value.facts.items():
                    setattr(instance, name, fact)
                instance.number = value.number
                identity = uuid.UUID(int=(HANDLE_SPACE << 64) + value.number)
                self._wrappers[value.number] = monty.ClassInstance(
                    instance, id=identity, class_type=kind, eager_attrs=tuple(value.facts)
                )
            return self._wrappers[value.number]
        if isinstance(value, list | tuple):
            return type(value)(map(self._inward, value))
        if isinstance(value, dict):
            return {key: self._inward(item) for key, item in value.items()}
        return value

    def _print(self, _stream: str, text: str) -> None:
        if self._room > 0:
            self._printed.append(text[: self._room])
            self._room -= len(text)


_ERRORS: dict[str, type[Exception]] = {
    "TypeError": TypeError,
    "KeyError": KeyError,
    "AttributeError": AttributeError,
    "FileNotFoundError": FileNotFoundError,
    "NameError": NameError,
    "MemoryError": MemoryError,
}


def _told(error: Any, message: bool = True) -> str:
    """An exception with its line, as a model reads it.

    Args:
        message: include the exception's text; False where that text holds measurements, which differ between two runs
            of the same code.
    """
    text = error.display("type-msg")[:600] if message else type(error.exception()).__name__
    frames = error.traceback()
    return f"line {frames[-1].line}: {text}" if frames else text


def _number(identity: uuid.UUID | None) -> int | None:
    if identity is None:
        return None
    return identity.int & (1 << 53) - 1 if identity.int >> 64 == HANDLE_SPACE else -1


def _handle_of(value: Any) -> Handle | None:
    """The host's object that code passed. After a move to another worker, code passes the object's stand-in."""
    if isinstance(value, Image | Draw | Enhancer):
        return Handle("?", value.number)  # type: ignore[union-attr]
    if isinstance(value, monty.MontyClassProxy):
        number = _number(value.id)
        return Handle("?", number) if number is not None and number >= 0 else None
    return None


def _stub(name: str) -> Callable[..., None]:
    """A callable with this name; calls of it arrive at `_answer`."""

    def stub() -> None:
        """Never called: the interpreter needs the name only."""

    stub.__name__ = stub.__qualname__ = name
    return stub


@functools.cache
def _pil() -> monty.ExternalModule:
    """The modules of PIL that the host offers (`lensmill.sandbox.pil_names`)."""
    parts: dict[str, dict[str, Any]] = {}
    for path in FUNCTIONS:
        _, module, name = path.split(".")
        parts.setdefault(module, {})[name] = _stub(name)
    image = parts["Image"]
    image |= NUMBERS
    image["Resampling"] = image["Transpose"] = monty.ExternalModule(dict(NUMBERS))
    image["Image"] = _KINDS["image"]
    parts["ImageFilter"] |= {name: name for name in FILTERS}
    return monty.ExternalModule({name: monty.ExternalModule(attributes) for name, attributes in parts.items()})


def main(launcher: str, layers: str, readable: list[str]) -> None:
    """Enter the jail, send the greeting, and serve the host over standard input and output until the host closes them.

    Args:
        launcher: path of the program that starts the interpreter's worker.
        layers: names of the layers of `lensmill.sandbox.jail`, separated by commas.
        readable: folders that the broker may read.
    """
    jail.close_descriptors()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    jail.no_new_privileges()
    jail.rlimits(_ADDRESS_SPACE, open_files=64)
    if "landlock" in layers:
        jail.landlock(["/dev/urandom", "/proc/self"], readable)
    if "seccomp" in layers:
        jail.seccomp(syscalls.BROKER, threads=False)
    # without this, the client looks for telemetry at every run, in folders that the jail hides
    sys.modules.setdefault("opentelemetry", None)  # type: ignore[arg-type]
    with monty.Monty(
        binary_path=launcher,
        min_processes=1,
        max_processes=1,
        checkout_timeout=10.0,
        max_checkouts_per_worker=500,
        feed_duration_limit_grace=0.2,
    ) as pool:
        with pool.checkout() as session:  # the worker runs now, with its own layers in force
            session.feed_run("1")
        os.dup2(nowhere, 2)  # the host reads error messages up to this point
        wire.send(1, {"ready": True})
        while True:
            try:
                request = wire.receive(0)
                state = wire.receive_bytes(0, int(request["state"]))
            except wire.Broken:
                return
            wire.send(1, *Run(request, state)(pool))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
