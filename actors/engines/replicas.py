"""Engines: vLLM servers on the cluster. One Ray actor for each replica supervises the server's process.

A replica keeps its address for the lifetime of its actor, so senders of requests need not know about restarts. Requests
never pass through the actor: they go to the URLs. On a cluster of several nodes a server listens on its node's address,
so anyone who can reach that address can send requests. Set VLLM_API_KEY in the environment of the nodes to make vLLM
require a key.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Literal, Self

import ray
from ray.exceptions import ActorUnavailableError, RayTaskError

from actors.cluster.capacity import gpus_by_node, shortage
from actors.cluster.connection import DEATHS
from actors.cluster.errors import Stopped
from actors.engines.server import Server, server_environment
from actors.engines.settings import EngineSettings
from monitoring import metrics
from monitoring.engine_load import read_load
from monitoring.logs import Say
from monitoring.progress import count_text
from monitoring.recorder import fold, series_name

PATIENCE_S = 8.0
"""Seconds to wait silently for GPUs on the cluster, and for a server that loads its weights."""

AGAIN_S = 60.0
"""Seconds between further lines about the wait."""

LONGEST_BACKOFF_S = 60.0

STOPPING_S = 2.0
"""Seconds that a stopping job waits for servers to end; their supervisors end the rest."""


class EngineError(Exception):
    """No engine is available. One line that says why and what to do; the log's last lines may follow."""


class EngineUnavailable(EngineError):
    """The engines are gone. The same command may work later."""


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """The state of a replica.

    Attributes:
        phase: "failed" is a start without success, "given_up" a server that ended too often.
        url: the base URL of its API. It stays the same after a restart of the server and changes with the actor.
        restarts: so far.
        reason: why the server last ended.
        tail: the last lines of its log then.
        load: the server's last report of its queue and caches: metric name -> value.
    """

    phase: Literal["starting", "ready", "restarting", "failed", "given_up", "closed"]
    url: str
    restarts: int = 0
    reason: str = ""
    tail: str = ""
    load: Mapping[str, float] = field(default_factory=dict, compare=False)


class EngineReplica:
    """One server and its restarts.

    Args:
        settings: of the engine.
        loopback: listen on 127.0.0.1 only, because everything runs on this machine; otherwise on the node's address.
    """

    backoff_s = 1.0
    load_s = 5.0

    def __init__(self, settings: EngineSettings, loopback: bool) -> None:
        host = "127.0.0.1" if loopback else ray.util.get_node_ip_address()
        self._held, port = _hold_port(host)
        self._settings = settings
        self._server = Server(
            settings.command(host, port),
            server_environment(settings.environment),
            host,
            port,
            settings.start_timeout_s,
            settings.drain_s,
        )
        at = f"[{host}]" if ":" in host else host
        self._state = ReplicaState("starting", f"http://{at}:{port}/v1")
        self._address = (host, port)
        self._watching: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> ReplicaState:
        """Start the server. The phase of the result is "ready" or "failed"."""
        why = await self._server.start()
        if why is None:
            self._state = replace(self._state, phase="ready")
            self._watching = asyncio.create_task(self._watch())
            self._reading = asyncio.create_task(self._read_load())
        else:
            self._note("failed", why)
        return self._state

    async def state(self) -> ReplicaState:
        """The current state."""
        return self._state

    async def _read_load(self) -> None:
        while True:
            load = await asyncio.to_thread(read_load, *self._address)
            self._state = replace(self._state, load=load)
            await asyncio.sleep(self.load_s)

    async def close(self) -> None:
        """End the server: let it drain, then kill it."""
        if self._reading is not None:
            self._reading.cancel()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait({self._watching})
        self._state = replace(self._state, phase="closed")
        await self._server.end()

    async def _watch(self) -> None:
        why: str | None = await self._server.ended()
        while self._state.restarts < self._settings.max_restarts:
            self._note("restarting", why or "", 1)
            await asyncio.sleep(min(LONGEST_BACKOFF_S, self.backoff_s * 2 ** (self._state.restarts - 1)))
            why = await self._server.start()
            if why is None:
                self._state = replace(self._state, phase="ready")
                why = await self._server.ended()
        self._note("given_up", why or "")

    def _note(self, phase: Literal["restarting", "failed", "given_up"], why: str, restarts: int = 0) -> None:
        cause = self._server.cause()
        self._state = replace(
            self._state,
            phase=phase,
            restarts=self._state.restarts + restarts,
            reason=f"{why}: {cause}" if cause else why,
            tail=self._server.tail(),
        )


RemoteEngineReplica = ray.remote(num_cpus=0, max_restarts=0)(EngineReplica)
"""The Ray actor. It reserves no CPUs: an engine that needs many CPUs permanently runs on GPU nodes."""


def _hold_port(host: str) -> tuple[socket.socket, int]:
    """A free port, and a socket that reserves it for the server.

    A socket that is bound but does not listen only blocks requests for any free port; servers bind with SO_REUSEADDR.
    """
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((host, 0))
    return held, held.getsockname()[1]


def _ended(refs: Mapping[Any, int]) -> list[Any]:
    """The calls that have ended."""
    return list(ray.wait([*refs], num_returns=len(refs), timeout=0)[0]) if refs else []


class EngineSet:
    """The replicas of one engine, as the driver sees them. Use it as a context manager, or close it.

    Args:
        name: the engine's name in messages: "model", "judge".
        settings: of the engine.
        stopping: asked twice a second while waiting.
        say: told one line when a replica has restarted, is ready again, or is given up.
        actor: the Ray actor class.
    """

    def __init__(
        self,
        name: str,
        settings: EngineSettings,
        stopping: Callable[[], bool],
        say: Say,
        actor: Any = RemoteEngineReplica,
    ) -> None:
        self._name = name
        self._settings = settings
        self._stopping = stopping
        self._say = say
        self._class = actor
        self._actors: dict[int, Any] = {}
        self._starting: dict[Any, int] = {}
        self._states: dict[int, ReplicaState] = {}
        self._asked: dict[Any, int] = {}
        self._elsewhere = Counter[int]()
        """Replica -> restarts before its current actor."""
        self._anew_at: dict[int, float] = {}
        self._urls: dict[int, str] = {}
        """Replica -> the URL that senders of requests use."""
        self._patient_until = float("inf")
        self._hired_at = 0.0

    @property
    def settings(self) -> EngineSettings:
        """The settings of the engine."""
        return self._settings

    @property
    def start_timeout_s(self) -> float:
        """Seconds until a server must answer."""
        return self._settings.start_timeout_s

    def begin(self, grows: bool = False) -> None:
        """Start every replica without waiting, so that another set can load its model at the same time.

        Args:
            grows: the cluster may get more GPUs.

        Raises:
            EngineError: the cluster has too few GPUs.
        """
        settings = self._settings
        if not grows and (line := shortage({self._name: settings}, gpus_by_node(), False)):
            raise EngineError(line)
        self._loopback = all(
            node["NodeManagerAddress"] == "127.0.0.1" for node in ray.nodes()
        )  # more nodes may join later
        for number in range(settings.replicas):
            self._hire(number, settings)

    def _hire(self, number: int, settings: EngineSettings) -> None:
        actor = self._class.options(num_gpus=settings.gpus_each).remote(settings, self._loopback)
        self._actors[number], self._starting[actor.start.remote()] = actor, number
        self._hired_at = monotonic()
        self._patient_until = self._hired_at + PATIENCE_S

    def start(self) -> tuple[str, ...]:
        """Begin, if not done yet, and wait until all replicas are ready. Return the base URLs of their APIs.

        Raises:
            EngineError: the cluster has too few GPUs, or a server does not start.
            Stopped: the job was asked to stop.
        """
        if not self._actors:
            self.begin()
        while self._starting:
            done, _ = ray.wait(list(self._starting), num_returns=1, timeout=0.5)
            if self._stopping():
                raise Stopped
            for ref in done:
                self._started(self._starting.pop(ref), ref)
            self._tell_waiting()
        self._urls = {number: state.url for number, state in sorted(self._states.items())}
        return tuple(self._urls.values())

    def _tell_waiting(self) -> None:
        """Report at intervals the replicas that still start, counted from the last actor's creation."""
        if self._starting and monotonic() > self._patient_until:
            self._patient_until = monotonic() + AGAIN_S
            self._say(
                f"{self._name}: waiting for {count_text(len(self._starting), 'engine')} to be ready, "
                f"{monotonic() - self._hired_at:.0f} s so far; each has {self._settings.start_timeout_s:g} s from the "
                f"time when it gets its GPUs (start_timeout_s){self._room()}",
                "warning",
            )

    def _room(self) -> str:
        if not self._settings.gpus_each:
            return ""
        free, there = (found.get("GPU", 0) for found in (ray.available_resources(), ray.cluster_resources()))
        return f"; {free:g} of the cluster's {there:g} GPUs are free"

    def _started(self, number: int, ref: Any) -> None:
        try:
            state: ReplicaState = ray.get(ref)
        except DEATHS as error:
            raise EngineUnavailable(
                f"{self._name}: the worker of engine {number} died while it started: {error}"
            ) from error
        if state.phase != "ready":
            raise EngineError(f"{self._name}: engine {number} did not start: {state.reason}\n{state.tail}".rstrip())
        self._states[number] = state

    def poll(self) -> Mapping[str, str]:
        """Check the replicas without waiting, and report changes. A replica whose worker or node died is started on
        another node if there is room; this counts as a restart.

        Returns:
            Replicas that are ready again at another address: old base URL -> new base URL.

        Raises:
            EngineError: no replica is left.
        """
        for number in [number for number, at in self._anew_at.items() if at <= monotonic()]:
            del self._anew_at[number]
            left = self._settings.max_restarts - self._elsewhere[number]
            self._hire(number, replace(self._settings, max_restarts=left))
        for ref in _ended(self._starting):
            self._heard(self._starting.pop(ref), ref)
        for number, actor in self._actors.items():
            if number not in self._asked.values() and number not in self._starting.values():
                self._asked[actor.state.remote()] = number
        for ref in _ended(self._asked):
            self._heard(self._asked.pop(ref), ref)
        self._tell_waiting()
        if not self._actors and not self._anew_at:
            reasons = "; ".join(state.reason for _, state in sorted(self._states.items()))
            raise EngineUnavailable(f"{self._name}: no engine is left ({reasons}): remove the cause, then run again")
        now = {number: state.url for number, state in self._states.items() if state.phase == "ready"}
        moves = {self._urls[number]: url for number, url in now.items() if url != self._urls[number]}
        self._urls |= now
        return moves

    def _heard(self, number: int, ref: Any) -> None:
        before, allowed = self._states[number], self._settings.max_restarts
        try:
            state: ReplicaState = ray.get(ref)
            state = replace(state, restarts=state.restarts + self._elsewhere[number])
        except ActorUnavailableError:  # may be temporary; a dead actor is noticed at the next poll
            return
        except (*DEATHS, RayTaskError) as error:
            reason = f"its worker or node died ({type(error).__name__})"
            state = replace(before, phase="failed", reason=reason, load={})
        if state.phase == "failed" and before.restarts < allowed:
            state = replace(state, phase="restarting", restarts=before.restarts + 1)
            ray.kill(self._actors.pop(number))
            self._elsewhere[number] = state.restarts
            self._anew_at[number] = monotonic() + min(LONGEST_BACKOFF_S, 2.0**before.restarts)
        self._states[number] = state
        where = f"{self._name}: engine {number}"
        if state.phase in ("failed", "given_up"):
            ray.kill(self._actors.pop(number))  # frees its GPUs
            self._say(f"{where} is given up after {state.restarts} of {allowed} restarts: {state.reason}", "error")
        elif state.restarts > before.restarts:
            self._say(f"{where} restarts ({state.restarts} of {allowed}): {state.reason}", "warning")
        if state.phase == "ready" and before != state:
            self._say(f"{where} is ready again")

    def series(self, role: str) -> Mapping[str, float]:
        """The state of the replicas as series of metrics.

        Args:
            role: label value, e.g. "agent".
        """
        found: dict[str, float] = {}
        for number, state in self._states.items():
            up = float(state.phase == "ready")
            values = {metrics.ENGINE_UP.name: up, metrics.ENGINE_RESTARTS.name: state.restarts, **state.load}
            for name, value in values.items():
                metric = metrics.METRICS[name]
                found[series_name(metric, *fold(metric.labels, (role, number)))] = value
        return found

    def close(self) -> None:
        """End every server, and wait for those that were ready; supervisors end the others."""
        ready = self._states.keys() - self._starting.values()
        closing = [actor.close.remote() for number, actor in self._actors.items() if number in ready]
        if closing:
            patience_s = STOPPING_S if self._stopping() else self._settings.drain_s + 15
            ray.wait(closing, num_returns=len(closing), timeout=patience_s)
        for actor in self._actors.values():
            ray.kill(actor)
        self._actors, self._anew_at = {}, {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
