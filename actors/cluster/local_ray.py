"""A Ray of our own on this machine: on loopback only, out of reach of signals, with a token that no file keeps.

Whoever ends a job signals its process group (a terminal, `timeout`, Slurm) or all that its unit runs (systemd). Ray
would die of that before the job could hand back what it has. So Ray's processes get sessions of their own and leave
SIGTERM to the driver; when the driver dies, of whatever, the kernel ends Ray and Ray ends its workers.
"""

import functools
import logging
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
from ray._private import ray_constants, services, utils

from actors.cluster.ray_reaper import processes

OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Only counters and chunk names travel between our processes; pictures go through the store."""

_REAPER = Path(__file__).with_name("ray_reaper.py")


@functools.cache
def _reaper() -> "subprocess.Popen[str]":
    """One for each driver; it ends with the driver."""
    command = [sys.executable, "-I", "-S", str(_REAPER)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)


class _Apart(services.ConsolePopen):  # type: ignore[misc]
    """A process of Ray in a session of its own, deaf to SIGTERM, as are those that it starts."""

    def __init__(self, *args: Any, preexec_fn: Callable[[], object] | None = None, **kwargs: Any) -> None:
        def prepare() -> None:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            if preexec_fn is not None:
                preexec_fn()

        super().__init__(*args, preexec_fn=prepare, start_new_session=True, **kwargs)
        reaper = _reaper()
        assert reaper.stdin is not None
        reaper.stdin.write(f"{self.pid}\n")
        reaper.stdin.flush()

    def terminate(self) -> None:
        """By force at once, with all of its session: Ray would wait a second for each process to heed SIGTERM."""
        for process in processes({self.pid}):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@contextmanager
def keeping_signals() -> Iterator[None]:
    """While Ray starts or is joined, SIGTERM waits, and then is for whoever handles it now. Ray would take it: its
    Python to exit, its core to abort. Threads that Ray starts meanwhile never get it."""
    ours, theirs = signal.getsignal(signal.SIGTERM), utils.set_sigterm_handler
    utils.set_sigterm_handler = lambda _: None
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        utils.set_sigterm_handler = theirs
        signal.signal(signal.SIGTERM, ours)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _apart() -> Iterator[None]:
    theirs = services.ConsolePopen
    services.ConsolePopen = _Apart
    try:
        yield
    finally:
        services.ConsolePopen = theirs


def start(cpus: int | None) -> None:
    """Start it. In the main thread: the kernel ends Ray's processes with the thread that started them.

    Ray replaces 127.0.0.1 by an address that others can reach, unless a switch, which it reads once and which its other
    processes read from the environment, says that this machine joins no cluster. Ray wants a token and writes one into
    the home folder where it finds none; from then on every cluster that is started there would ask for that.
    """
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with keeping_signals(), _apart():
        ray.init(
            address="local",
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
            num_cpus=cpus,
            object_store_memory=OBJECT_STORE_BYTES,
            _node_ip_address="127.0.0.1",
        )
