"""Jailed programs as the host holds them: started with nothing of the host's, killed with all their children, lent to
one thread at a time."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lensmill.sandbox import jail, wire

START_SECONDS = 60.0
"""Seconds for a program to start and enter its jail. It takes a fraction of a second on a machine that is not
overloaded."""


class NoBoundary(RuntimeError):
    """This machine grants no layer that could contain model-written code. The message says what to do."""


def available_layers(unsafe: bool) -> tuple[str, ...]:
    """The layers of `lensmill.sandbox.jail` that this machine grants.

    Args:
        unsafe: return an empty tuple instead of raising.

    Raises:
        NoBoundary: the machine has neither Landlock nor seccomp, and `unsafe` is off.
    """
    layers = []
    if jail.landlock_abi():
        layers.append("landlock")
    if jail.seccomp_known():
        layers.append("seccomp")
    if not layers and not unsafe:
        raise NoBoundary(
            "model-written code would run without a boundary: this kernel grants neither Landlock nor seccomp filters;"
            " run on Linux 5.13 or later with Landlock on (see docs/sandbox.md), or allow it with unsafe=True"
        )
    return tuple(layers)


def described(layers: Sequence[str]) -> tuple[str, ...]:
    """The layers in words, for the report at start."""
    words = {
        "landlock": f"Landlock (ABI {jail.landlock_abi()}): no files but libraries, nothing to write, no network",
        "seccomp": "seccomp: an allow-list of system calls",
    }
    own = ("a process of its own, with an empty environment", "rlimits: memory, files, no writing, no core dumps")
    return (*own, *(words[layer] for layer in layers))


def readable_folders() -> list[str]:
    """The folders of Python and its libraries: all that a jailed program may read."""
    root = Path(__file__).resolve().parent.parent
    folders = [sys.prefix, sys.base_prefix, str(root), *(path for path in sys.path if path.endswith("-packages"))]
    system = ["/bin", "/lib", "/lib64", "/usr/bin", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"]
    return list(dict.fromkeys(map(os.path.realpath, [*folders, *system])))


class Program:
    """A running jailed program that talks over its standard input and output.

    Args:
        module: a module of this package, run with `-m`.
        environment: variables added to the few that every program gets.
        pass_descriptors: descriptors that stay open in the program, with their numbers.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None = None,
        pass_descriptors: Sequence[int] = (),
    ) -> None:
        root = Path(__file__).resolve().parent.parent.parent
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PYTHONPATH": str(root), "LC_ALL": "C.UTF-8", **(environment or {})},
            pass_fds=pass_descriptors,
            start_new_session=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.to, self.back = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self.to, False)
        try:
            if wire.receive(self.back, time.monotonic() + START_SECONDS) != {"ready": True}:
                raise wire.Broken("it sent no greeting")
        except (wire.Broken, wire.Late) as error:
            self.end()
            said = self._process.stderr.read(4000).decode(errors="replace").strip()
            raise RuntimeError(
                f"{module} did not start ({error or 'in time'}): {said[-1500:] or 'no output'}"
            ) from None
        finally:
            self._process.stderr.close()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def end(self) -> None:
        """Kill the program and everything that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class Pool:
    """Programs, started when needed up to a maximum number. Each is lent to one thread at a time."""

    def __init__(self, make: Callable[[], Program], count: int) -> None:
        self._make = make
        self._places = threading.BoundedSemaphore(count)
        self._lock = threading.Lock()
        self._idle: list[Program] = []
        self._all: set[Program] = set()
        self._closed = False

    @contextlib.contextmanager
    def lent(self) -> Iterator[Program]:
        """Lend a program for one run. An exception in the block kills the program instead of putting it back.

        Raises:
            RuntimeError: the pool is closed, or a program did not start.
        """
        with self._places:
            with self._lock:
                if self._closed:
                    raise RuntimeError("the sandbox is closed")
                program = self._idle.pop() if self._idle else None
            if program is None:
                program = self._make()
                with self._lock:
                    self._all.add(program)
            try:
                yield program
            except BaseException:
                self._drop(program)
                raise
            with self._lock:
                if not self._closed:
                    self._idle.append(program)
                    return
            self._drop(program)

    def _drop(self, program: Program) -> None:
        with self._lock:
            self._all.discard(program)
        program.end()

    def close(self) -> None:
        """Kill all programs, also those that are running."""
        with self._lock:
            self._closed = True
            programs, self._all, self._idle = list(self._all), set(), []
        for program in programs:
            program.end()
