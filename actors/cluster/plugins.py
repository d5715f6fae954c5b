"""Plug-ins from outside must be importable on every node: workers get their settings, and import the rest."""

from collections.abc import Iterable

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from actors.cluster.errors import ClusterError
from lensmill.specs import SpecError, load_reference


def require_on_nodes(references: Iterable[str]) -> None:
    """Import plug-ins on each node that is there now, once.

    Args:
        references: as `module:NAME`.

    Raises:
        ClusterError: a node cannot import one.
    """
    wanted = sorted(set(references))
    if not wanted:
        return
    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    tasks = [
        ray.remote(trouble_with)
        .options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=True))
        .remote(wanted)
        for node in nodes
    ]
    for node, trouble in zip(nodes, ray.get(tasks), strict=True):
        if trouble:
            raise ClusterError(f"on the node {node['NodeManagerHostname']}: {trouble}")


def trouble_with(references: Iterable[str]) -> str:
    """Why the first of these plug-ins that cannot be imported here cannot; "" where all can."""
    for reference in references:
        try:
            load_reference(reference)
        except SpecError as error:
            return str(error)
    return ""
