"""Checks whether engines fit on the cluster's GPUs at the same time."""

from collections.abc import Mapping, Sequence
from typing import Any

import ray
import ray._private.state

from actors.engines.settings import EngineSettings


def fits(demands: Sequence[float], nodes: Sequence[float]) -> bool:
    """Whether replicas fit on nodes. A replica takes whole GPUs of one node, or a part of one GPU.

    The largest replicas are placed first, each on the node with the fewest free GPUs that suffices.

    Args:
        demands: GPUs of each replica.
        nodes: GPUs of each node.
    """
    whole = sorted(int(gpus) for gpus in nodes)
    parts: list[float] = []
    for demand in sorted(demands, reverse=True):
        if demand <= 0:
            continue
        if (
            demand < 1
            and (open_gpu := next((n for n, left in enumerate(parts) if left + 1e-9 >= demand), None)) is not None
        ):
            parts[open_gpu] -= demand
            continue
        need = max(1, int(demand))
        at = next((number for number, left in enumerate(whole) if left >= need), None)
        if at is None:
            return False
        whole[at] -= need
        whole.sort()
        if demand < 1:
            parts.append(1 - demand)
    return True


def shortage(engines: Mapping[str, EngineSettings], nodes: Sequence[float], grows: bool) -> str:
    """Why the engines cannot all run on these nodes, in one line that says what to set; "" if they can.

    Args:
        engines: by the name of their settings, e.g. "engine", "judge_engine".
        nodes: GPUs of each node.
        grows: an autoscaler may add nodes.
    """
    demands = [settings.gpus_each for settings in engines.values() for _ in range(settings.replicas)]
    if fits(demands, nodes):
        return ""
    needed = " and ".join(
        f"{settings.replicas} of {settings.gpus_each:g} for {name}" for name, settings in engines.items()
    )
    there = " + ".join(f"{gpus:g}" for gpus in nodes if gpus) or "none"
    line = f"engines need {sum(demands):g} GPUs at the same time ({needed}); the cluster has {there} (by node)"
    names = " or ".join(f"{name}.replicas" for name in engines)
    if grows:
        return f"{line}: waiting for its autoscaler to add some"
    last = [*engines][-1]
    shared = ", or leave judge_engine out: the judge then asks the agent's model" if "judge_engine" in engines else ""
    return (
        f"{line}, and no autoscaler adds any: lower {names}, {last}.tensor_parallel_size or {last}.gpus (0.5 shares a "
        f"GPU, 0 runs on the CPU){shared}"
    )


def gpus_by_node() -> list[float]:
    """GPUs of each live node."""
    alive = (node for node in ray.nodes() if node["Alive"])
    return [float(node["Resources"].get("GPU", 0)) for node in alive]


def may_grow() -> bool:
    """Whether this cluster has an autoscaler that can add nodes."""
    state: Any = ray._private.state.state
    try:
        config = state.get_cluster_config()
    except Exception:  # an older Ray, or a driver without permission to ask
        return False
    return config is not None and bool(getattr(config, "node_group_configs", ()))
