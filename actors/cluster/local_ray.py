"""Starts a Ray on this machine: on loopback only, protected from signals, with a token that no file keeps.

A supervisor ends a job by a signal to its process group (a terminal, `timeout`, Slurm) or to all processes of its unit
(systemd). The signal would end Ray before the job could hand back its work. So Ray's processes run in their own
sessions, and only the driver handles SIGTERM. When the driver dies for any reason, the kernel ends Ray, and Ray ends
its workers.
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
"""Size of Ray's object store. Only counters and chunk names pass between the processes; pictures go through the
store."""

_REAPER = Path(__file__).with_name("ray_reaper.py")


@functools.cache
def _reaper() -> "subprocess.Popen[str]":
    """Start the reaper of this driver. It ends with the driver."""
    command = [sys.executable, "-I", "-S", str(_REAPER)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True, start_new_session=True)


class _Apart(services.ConsolePopen):  # type: ignore[misc]
    """A process of Ray in its own session, with SIGTERM blocked; its children inherit both."""

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
        """Kill the process and its session at once: Ray would wait a second for each process to handle SIGTERM."""
        for process in processes({self.pid}):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@contextmanager
def keeping_signals() -> Iterator[None]:
    """Block SIGTERM while Ray starts or is joined; afterwards the previous handler gets it.

    Otherwise Ray would install its own handlers: its Python exits, its core aborts. Threads that Ray starts in the
    block never receive the signal.
    """
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
    """Start Ray. Call it in the main thread: the kernel ends Ray's processes together with the thread that started
    them.

    Ray replaces 127.0.0.1 by an address that others can reach, unless a switch says that this machine joins no cluster.
    Ray reads the switch once, and its other processes read it from the environment. Ray also requires a token and
    writes one into the home folder if it finds none; then every cluster started there would require that token.

    Args:
        cpus: CPUs to declare; None for those of the machine.
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
