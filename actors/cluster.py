"""Starting or joining Ray."""

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ray
from ray._private import ray_constants

OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Only counters and chunk names travel between our processes; pictures go through the store."""


class ClusterError(Exception):
    """Ray could not be started or joined, or keeps no worker alive: one clear line."""


class Stopped(Exception):
    """Asked to stop while waiting for the cluster."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Where the job runs.

    Attributes:
        address: "local" starts a Ray of our own on this machine; "auto" or an address joins a running one.
        workers: rollout workers at most; None is one for each CPU of the cluster. Each needs a CPU; a Ray of our own
            counts as many as there are workers.
        in_flight: episodes at work in one worker at a time; None leaves it to what the agent waits for.
    """

    address: str = "local"
    workers: int | None = None
    in_flight: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError("workers must be at least 1")
        if self.in_flight is not None and self.in_flight < 1:
            raise ValueError("in_flight must be at least 1")


def _stay_on_loopback() -> None:
    """Have a Ray of our own listen on 127.0.0.1 only.

    Ray replaces that address by one that others can reach, unless this switch, which it reads once and which its
    other processes read from the environment, says that this machine joins no cluster.
    """
    os.environ[ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False


def _reach(address: str) -> None:
    """Knock at host:port first: Ray itself goes on trying for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=5).close()


def connect(settings: ClusterSettings) -> int:
    """Start or join Ray; returns the number of rollout workers to run.

    Raises:
        ClusterError: no cluster answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        if settings.address == "local":
            _stay_on_loopback()
            ray.init(
                address="local",
                include_dashboard=False,
                logging_level=logging.ERROR,
                log_to_driver=False,
                num_cpus=settings.workers,
                object_store_memory=OBJECT_STORE_BYTES,
                _node_ip_address="127.0.0.1",
            )
        else:
            _reach(settings.address)
            ray.init(address=settings.address, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ClusterError(
            f"cluster.address={settings.address}: {first} (start one with `ray start --head`, or use cluster=local)"
        ) from error
    cpus = int(ray.cluster_resources().get("CPU", 1))
    return settings.workers or max(1, cpus)


def fetch(ref: Any, stopping: Callable[[], bool]) -> Any:
    """What a task or an actor's method returns, with an eye on whether to go on.

    Raises:
        Stopped: asked to stop before it was done.
    """
    while not ray.wait([ref], timeout=0.5)[0]:
        if stopping():
            raise Stopped
    return ray.get(ref)
