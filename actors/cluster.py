"""Starting or joining Ray."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any

import ray
import ray._private.state
from ray._private import ray_constants
from ray.exceptions import (
    ActorUnschedulableError,
    LocalRayletDiedError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RuntimeEnvSetupError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.ray_lines import take_over_ray_lines

OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Only counters and chunk names travel between our processes; pictures go through the store."""

DEATHS = (
    *(RayActorError, NodeDiedError, OutOfMemoryError, WorkerCrashedError, LocalRayletDiedError),
    *(RuntimeEnvSetupError, ActorUnschedulableError),
)
"""What Ray raises for an actor that is gone, or cannot come to be."""

HAND_BACK_S = 5.0
"""Of the time that a node has left: to write what workers hand back."""


class ClusterError(Exception):
    """Ray could not be started or joined, or keeps no worker alive: one clear line."""


class Stopped(Exception):
    """Asked to stop while waiting for the cluster."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Where the job runs.

    Attributes:
        address: "local" starts a Ray of our own on this machine; "auto" or an address joins a running one.
        workers: rollout workers at most; None is one for each CPU of the cluster, and of nodes that join it later. Each
            needs a CPU; a Ray of our own counts as many as there are workers.
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
    on_sigterm = signal.getsignal(signal.SIGTERM)
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
    take_over_ray_lines()
    if callable(on_sigterm):  # Ray takes it for itself
        signal.signal(signal.SIGTERM, on_sigterm)
    return settings.workers or max(1, cpus())


def beside_the_driver() -> NodeAffinitySchedulingStrategy:
    """Where an actor dies only when the driver does too, and not when some other node goes."""
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


def cpus() -> int:
    """CPUs of the cluster now."""
    return int(ray.cluster_resources().get("CPU", 0))


def leaving_nodes() -> Mapping[str, float | None]:
    """Nodes that were told to end: a spot machine's notice, a pod that is deleted, an autoscaler that needs it no more.

    `ray start --block` says so of its node on SIGTERM. By node id, the seconds that its workers have for what they are
    at; None where they have any time.
    """
    deadlines = ray._private.state.state.get_draining_nodes()
    return {
        node: max(0.0, deadline_ms / 1000 - time() - HAND_BACK_S) if deadline_ms else None
        for node, deadline_ms in deadlines.items()
    }


def fetch(ref: Any, stopping: Callable[[], bool]) -> Any:
    """What a task or an actor's method returns, with an eye on whether to go on.

    Raises:
        Stopped: asked to stop before it was done.
    """
    while not ray.wait([ref], timeout=0.5)[0]:
        if stopping():
            raise Stopped
    return ray.get(ref)


def this_node() -> str:
    """The id of the node that this process is on; "" outside of a cluster, where asking Ray would start one."""
    return str(ray.get_runtime_context().get_node_id()) if ray.is_initialized() else ""
