"""Ray nodes on 127.0.0.1, each a separate process that can be killed like a machine: for tests and benchmarks.

`ray start` does the same, but its nodes listen on an address that others can reach.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ray._private.state import GlobalState
from ray._raylet import GcsClientOptions

LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
"""Environment of every process of such a cluster, with its drivers; see `actors/cluster/connection.py`."""

NODE = """
import json, os, sys, time
from ray._private.node import Node
from ray._private.parameter import RayParams
from ray._private.utils import write_ray_address
head, params, core = json.loads(sys.argv[1])
if core is not None:
    os.sched_setaffinity(0, {core})
params["dashboard_agent_listen_port"] = None
node = Node(RayParams(**params), head=head, shutdown_at_exit=True, spawn_reaper=False)
write_ray_address(node.gcs_address, params["temp_dir"])
print(json.dumps({"address": node.gcs_address, "dashboard": node.webui_url, "node_id": node.node_id}), flush=True)
while not node.dead_processes():
    time.sleep(0.2)
"""


class RayNode:
    """One node. The first node of a cluster is its head.

    Attributes:
        address: host:port of the cluster.
        dashboard: URL of the cluster's dashboard; "" unless the head was started with one.
        node_id: as in `ray.nodes()`.
    """

    def __init__(self, started: Mapping[str, Any], process: "subprocess.Popen[str]") -> None:
        self.address: str = started["address"]
        self.dashboard = f"http://{started['dashboard']}" if started["dashboard"] else ""
        self.node_id: str = started["node_id"]
        self.process = process

    def terminate(self) -> None:
        """Send SIGTERM, as Kubernetes does: Ray marks the node as draining and ends it when it is idle."""
        self.process.terminate()

    def kill(self) -> None:
        """Kill all processes of the node at once, like a machine that fails."""
        for entry in Path("/proc").iterdir():
            with suppress(ValueError, ProcessLookupError, PermissionError):
                if os.getsid(int(entry.name)) == self.process.pid:
                    os.kill(int(entry.name), signal.SIGKILL)
        self.process.wait()


class RayNodes:
    """A cluster; a context manager. `address="auto"` does not find it, and `ray stop` of another user does not stop it.

    Args:
        environment: variables of all its processes, in addition to those of this one.
        dashboard: start the dashboard, which accepts jobs.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, dashboard: bool = False) -> None:
        # a job's `python` must be the interpreter that has Ray, even if its environment is not active
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self._environment = {**os.environ, "PATH": path, **LOOPBACK, **(environment or {})}
        self._dashboard = dashboard
        self._folder = tempfile.mkdtemp(
            prefix="nodes-", dir="/tmp"
        )  # the folder holds sockets, whose paths must be short
        self.nodes: list[RayNode] = []

    @property
    def head(self) -> RayNode:
        """The first node."""
        return self.nodes[0]

    def add(self, cpus: int, gpus: int = 0, core: int | None = None) -> RayNode:
        """Start one more node, and return when it runs. Its GPUs are only counted, not used.

        Args:
            core: the core of this machine that all processes of the node run on. Otherwise the threads of a worker
                use every core, so a node "of one CPU" is faster than one CPU.
        """
        params: dict[str, Any] = {
            "num_cpus": cpus,
            "num_gpus": gpus,
            "object_store_memory": 128 * 1024 * 1024,
            "node_ip_address": "127.0.0.1",
            "temp_dir": f"{self._folder}/{len(self.nodes)}",  # each node has its own folder, as on a separate machine
            "min_worker_port": 0,
            "max_worker_port": 0,
        }
        if self.nodes:
            params |= {"gcs_address": self.head.address, "include_log_monitor": False, "node_manager_port": 0}
        else:
            params |= {"include_dashboard": self._dashboard, "dashboard_host": "127.0.0.1", "dashboard_port": None}
        process = subprocess.Popen(
            [sys.executable, "-c", NODE, json.dumps([not self.nodes, params, core])],
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            with suppress(ValueError):
                self.nodes.append(RayNode(json.loads(line), process))
                return self.nodes[-1]
        process.wait()
        raise RuntimeError("a Ray node did not start")

    def workers(self) -> list[str]:
        """The node id of every rollout worker; "" for a worker that waits for resources."""
        state = GlobalState()
        state._initialize_global_state(
            GcsClientOptions.create(self.head.address, None, allow_cluster_id_nil=True, fetch_cluster_id_if_nil=False)
        )
        try:
            return [
                actor["Address"]["NodeID"] if actor["State"] == "ALIVE" else ""
                for actor in state.actor_table(None).values()
                if actor["ActorClassName"] == "RolloutWorker" and actor["State"] != "DEAD"
            ]
        finally:
            state.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in reversed(self.nodes):
            node.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


def on_nodes(module: str, nodes: int, folder: str) -> dict[str, Any]:
    """The JSON that `python -m MODULE --address ADDRESS --folder FOLDER --nodes NODES` prints last.

    The command runs beside a cluster of this many nodes. Each node has one CPU, and runs on one core of this machine.
    """
    with RayNodes() as cluster:
        for core in range(nodes):
            cluster.add(1, core=core)
        told = subprocess.run(
            [
                sys.executable,
                "-m",
                module,
                "--address",
                cluster.head.address,
                "--folder",
                folder,
                "--nodes",
                f"{nodes}",
            ],
            env={**os.environ, **LOOPBACK},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found
