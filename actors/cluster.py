"""Starting or joining Ray."""

import logging
import os
from dataclasses import dataclass

import ray

OBJECT_STORE_BYTES = 256 * 1024 * 1024
"""Only counters and chunk names travel between our processes; pictures go through the store."""


class ClusterError(Exception):
    """Ray could not be started or joined: one clear line."""


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Where the job runs.

    Attributes:
        address: "local" starts a Ray of our own on this machine; "auto" or an address joins a running one.
        workers: rollout workers; None is one for each CPU of the cluster.
        in_flight: episodes at work in one worker at a time.
    """

    address: str = "local"
    workers: int | None = None
    in_flight: int = 2

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ValueError("workers must be at least 1")
        if self.in_flight < 1:
            raise ValueError("in_flight must be at least 1")


def connect(settings: ClusterSettings) -> int:
    """Start or join Ray; returns the number of rollout workers to run.

    Raises:
        ClusterError: no cluster answers at the address.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        if settings.address == "local":
            ray.init(
                address="local",
                include_dashboard=False,
                logging_level=logging.ERROR,
                log_to_driver=False,
                object_store_memory=OBJECT_STORE_BYTES,
                _node_ip_address="127.0.0.1",
            )
        else:
            ray.init(address=settings.address, logging_level=logging.ERROR, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ClusterError(
            f"cluster.address={settings.address}: {first} (start one with `ray start --head`, or use cluster=local)"
        ) from error
    cpus = int(ray.cluster_resources().get("CPU", 1))
    return settings.workers or max(1, cpus)
