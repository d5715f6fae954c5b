"""Starts or joins Ray."""

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
"""Exceptions of Ray for an actor that has died or cannot start."""

HAND_BACK_S = 5.0
"""Seconds of a leaving node's time that are reserved to write handed-back work."""

STOP_S = 4.0
"""Seconds for running episodes after a job is asked to stop. The whole job must end within ten seconds, because
supervisors then kill it."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Where the job runs.

    Attributes:
        address: "local" starts a Ray on this machine; "auto" or an address joins a running cluster.
        workers: maximum number of rollout workers, and of tasks that run at once. None is one for each CPU of the
            cluster, including nodes that join later. Each worker needs a CPU; a local Ray declares as many CPUs as
            there are workers.
        in_flight: episodes that one worker runs at a time; None chooses by what the agent waits for.
        stop_s: seconds for running episodes after the job is asked to stop; then they are abandoned.
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
    """Start or join Ray, in the main thread. Return the number of rollout workers to run.

    Args:
        settings: where the job runs.
        stopping: asked while waiting.
        say: told one line if a cluster takes long to answer.

    Raises:
        ClusterError: Ray cannot be started or joined. ClusterUnavailable: the cluster does not answer.
        Stopped: the job was asked to stop.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if ray.is_initialized():  # by an earlier build of this job (pipelines.evaluate)
        return settings.workers or max(1, cpus())
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
    """The scheduling of an actor on the driver's node, so that the actor dies only with the driver, not with another
    node."""
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)


def cpus() -> int:
    """CPUs of the cluster now."""
    return int(ray.cluster_resources().get("CPU", 0))


def leaving_nodes() -> Mapping[str, float | None]:
    """Nodes that were told to end: by a spot machine's notice, by the deletion of a pod, by an autoscaler.

    `ray start --block` marks its node on SIGTERM.

    Returns:
        Node id -> seconds that its workers have left; None for no limit.
    """
    deadlines = ray._private.state.state.get_draining_nodes()
    return {
        node: max(0.0, deadline_ms / 1000 - time() - HAND_BACK_S) if deadline_ms else None
        for node, deadline_ms in deadlines.items()
    }


def fetch(ref: Any, stopping: Callable[[], bool]) -> Any:
    """The result of a task or of an actor's method.

    Args:
        ref: the object reference.
        stopping: asked while waiting.

    Raises:
        Stopped: the job was asked to stop before the result came.
    """
    while not ray.wait([ref], timeout=0.5)[0]:
        if stopping():
            raise Stopped
    return ray.get(ref)


def this_node() -> str:
    """The id of this process's node; "" outside a cluster, where asking Ray would start one."""
    return str(ray.get_runtime_context().get_node_id()) if ray.is_initialized() else ""
