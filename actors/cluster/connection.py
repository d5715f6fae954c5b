"""Starting or joining Ray."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any

import ray
import ray._private.state
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

from actors.cluster import local_ray
from actors.cluster.errors import ClusterError, Stopped
from actors.cluster.joining import first_line, join
from actors.cluster.ray_lines import take_over_ray_lines
from monitoring.logs import Say

DEATHS = (
    *(RayActorError, NodeDiedError, OutOfMemoryError, WorkerCrashedError, LocalRayletDiedError),
    *(RuntimeEnvSetupError, ActorUnschedulableError),
)
"""What Ray raises for an actor that is gone, or cannot come to be."""

HAND_BACK_S = 5.0
"""Of the time that a node has left: to write what workers hand back."""

STOP_S = 4.0
"""For episodes at work once a job is asked to stop: all must be done within ten seconds, since supervisors kill."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Where the job runs.

    Attributes:
        address: "local" starts a Ray of our own on this machine; "auto" or an address joins a running one.
        workers: rollout workers at most; None is one for each CPU of the cluster, and of nodes that join it later. Each
            needs a CPU; a Ray of our own counts as many as there are workers.
        in_flight: episodes at work in one worker at a time; None leaves it to what the agent waits for.
        stop_s: seconds that episodes at work have to end once the job is asked to stop; then they are given up.
    """

    address: str = "local"
    workers: int | None = None
    in_flight: int | None = None
    stop_s: float = STOP_S

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError("workers must be at least 1")
        if self.in_flight is not None and self.in_flight < 1:
            raise ValueError("in_flight must be at least 1")
        if not 0 <= self.stop_s <= 86_400:
            raise ValueError("stop_s must be from 0 to 86400 seconds")


def connect(
    settings: ClusterSettings, stopping: Callable[[], bool] = lambda: False, say: Say = lambda *_, **__: None
) -> int:
    """Start or join Ray, in the main thread; returns the number of rollout workers to run.

    Args:
        stopping: asked while waiting.
        say: told one line if a cluster takes long to answer.

    Raises:
        ClusterError: it cannot be started or joined. ClusterUnavailable: it does not answer.
        Stopped: asked to stop meanwhile.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if settings.address == "local":
        try:
            local_ray.start(settings.workers)
        except (OSError, RuntimeError, ValueError) as error:
            raise ClusterError(f"cluster=local: Ray does not start here: {first_line(error)}") from error
    else:
        join(settings.address, stopping, say)
    take_over_ray_lines()
    if stopping():
        raise Stopped
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
