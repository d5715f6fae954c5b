"""Both interpreters as one sandbox: Monty runs most code; CPython, where it is on, runs code that needs its
libraries."""

from collections.abc import Sequence

from lensmill.picture import Picture
from lensmill.sandbox.admission import NotAdmitted, admit
from lensmill.sandbox.cpython import CPythonSandbox, CPythonSession
from lensmill.sandbox.monty import MontySandbox, MontySession
from lensmill.sandbox.protocol import BoxMaps, Execution, Limits, Sandbox


def open_sandbox(
    limits: Limits | None = None, programs: int = 2, cpython: bool = False, unsafe: bool = False
) -> Sandbox:
    """Open the sandbox of a process. Close it at the end.

    Args:
        limits: limits of one execution; None for the defaults.
        programs: executions at the same time; one for each core is enough.
        cpython: also run code that imports numpy, cv2 or matplotlib, in a jailed CPython.
        unsafe: run even where the machine grants no boundary. Use it only with code that you wrote yourself.

    Raises:
        NoBoundary: the machine grants no layer that could contain code, and `unsafe` is off.
    """
    monty = MontySandbox(limits, programs, unsafe)
    if not cpython:
        return monty
    try:
        return _BothInterpreters(monty, CPythonSandbox(limits, programs, unsafe), limits or Limits())
    except BaseException:
        monty.close()
        raise


class _BothInterpreters:
    def __init__(self, monty: MontySandbox, cpython: CPythonSandbox, limits: Limits) -> None:
        self._monty, self._cpython, self._limits = monty, cpython, limits

    def session(self, pictures: Sequence[Picture], boxes: BoxMaps) -> "_RoutedSession":
        return _RoutedSession(
            self._monty.session(pictures, boxes), self._cpython.session(pictures, boxes), self._limits
        )

    def layers(self) -> tuple[str, ...]:
        return (
            *(f"Monty: {layer}" for layer in self._monty.layers()),
            *(f"CPython: {layer}" for layer in self._cpython.layers()),
        )

    def close(self) -> None:
        self._monty.close()
        self._cpython.close()


class _RoutedSession:
    """Starts in Monty. From the first block that imports a module which Monty lacks, the episode stays in CPython,
    which runs the earlier blocks again for their variables."""

    def __init__(self, monty: MontySession, cpython: CPythonSession, limits: Limits) -> None:
        self._monty, self._cpython, self._limits = monty, cpython, limits
        self._earlier: list[str] = []
        self._moved = False

    def run(self, code: str) -> Execution:
        try:
            admitted = admit(code, self._limits)
        except NotAdmitted as refusal:
            return Execution(error=str(refusal))
        self._moved = self._moved or bool(admitted.beyond)
        result = self._cpython.run(code, self._earlier) if self._moved else self._monty.run(code)
        if result.stopped:
            self._earlier.clear()
        elif not self._moved:
            self._earlier.append(admitted.source)
        return result

    def close(self) -> None:
        self._monty.close()
        self._cpython.close()
        self._earlier.clear()
