"""The pool of workers, for rollouts or for judging alone: hands out chunks, replaces dead workers, stops workers
gently."""

import uuid
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from types import MappingProxyType
from typing import Any

import ray
from ray.exceptions import ActorUnavailableError, GetTimeoutError, NodeDiedError

from actors.cluster.connection import DEATHS, STOP_S, cpus, fetch, leaving_nodes
from actors.cluster.errors import ClusterError, Stopped
from actors.rollouts.judging import JudgingSettings
from actors.rollouts.route import Route
from actors.rollouts.work import EpisodeCost, Mode
from actors.rollouts.worker import RemoteRolloutWorker, Retry, RolloutSettings
from monitoring import metrics
from monitoring.logs import Say
from monitoring.outages import Outages
from monitoring.recorder import lasting
from storage.builds.episodes import EpisodeStore
from storage.builds.plan import Plan

CHUNK_ATTEMPTS = 100
"""Deaths of workers after which their chunk is left unfinished. Each death of a careful attempt blames one episode. So
many deaths mean many bad episodes in one chunk, or a machine that kills everything."""

START_ATTEMPTS = 5
"""Consecutive deaths of workers before they are ready. After that the pool gives up."""

CHUNKS_EACH = 2
"""Minimum chunks of a worker, so that the end of one chunk does not leave its slots empty."""


def chunks_for(in_flight: int, chunk_size: int) -> int:
    """Chunks of a worker at the same time: four times the number that fills its slots, because most open chunks wait
    for one slow episode."""
    return max(CHUNKS_EACH, 4 * in_flight // chunk_size)


NODEDEATHS = 3
"""Deaths of whole nodes that do not count against a chunk: spot machines often end, and take many chunks along."""

POLL_S = 0.5

LOOK_S = 2.0
"""Seconds between checks for new nodes and for nodes that will end."""

LAST_POLL_S = 10.0
"""Seconds to wait for a worker's last counts, which are not asked for again."""

HAND_BACK_S = 2.0
"""Seconds for stopped workers to write what they hand back."""

PATIENCE_S = 8.0
"""Seconds to wait silently for the first worker to start."""

AGAIN_S = 60.0
"""Seconds between further lines about that wait."""

_NOTHING: Mapping[str, Retry] = MappingProxyType({})


def _lost(error: Exception) -> bool:
    """Whether a worker died with its node. At first Ray only knows that it cannot reach the node."""
    return isinstance(error, ActorUnavailableError | NodeDiedError) or "its node has died" in str(error)


@dataclass(eq=False)
class _Member:
    """One worker. It receives chunks once it is `ready`: a cluster may have no room for the worker yet, or never. A
    worker that is `out` had to stop because no engine answered, and receives no more chunks. The same holds for a
    worker whose node is `leaving`."""

    actor: Any
    starting: Any
    counts: Counter[str] = field(default_factory=Counter)
    load: int = 0
    ready: bool = False
    out: bool = False
    node: str = ""
    leaving: bool = False


class RolloutPool:
    """Runs chunks on workers: as many workers as the cluster has room for, up to a number that may grow with the
    cluster.

    When a node is about to end (a spot machine's notice), its workers finish or hand back their chunks in time, and new
    workers start on other nodes.

    Args:
        settings: of every worker.
        size: number of workers at first.
        most: maximum number of workers, for clusters that CPUs may join later; None is `size`.
        on_poll: receives the counts of all workers about twice a second.
        stopping: asked as often. Once true, no chunk is started and the workers hand back their chunks.
        say: told one line if no worker can be started for a while.
        worker: the Ray actor class.
        chunks_each: chunks that a worker holds at a time, enough for all its slots.
        stop_s: seconds for running episodes after a stop; then they are abandoned.

    Attributes:
        reasons: why workers had to stop, if they had -> the class of the model's error that it was, or ""
    """

    def __init__(
        self,
        settings: RolloutSettings | JudgingSettings,
        size: int,
        on_poll: Callable[[Counter[str]], None],
        stopping: Callable[[], bool],
        say: Say,
        worker: Any = RemoteRolloutWorker,
        chunks_each: int = CHUNKS_EACH,
        most: int | None = None,
        stop_s: float = STOP_S,
    ) -> None:
        self._settings = settings
        self._stop_s = stop_s
        self._worker = worker
        self._on_poll = on_poll
        self._stopping = stopping
        self._say = say
        self._gone: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}
        self._outages = Outages()
        self._chunks_each = chunks_each
        self._most = size if most is None else most
        self._look_at = monotonic() + LOOK_S
        self._start_deaths = 0
        self._patient_until = monotonic() + PATIENCE_S
        self._members = [self._hire() for _ in range(size)]

    def _hire(self) -> _Member:
        actor = self._worker.remote(self._settings)
        return _Member(actor, actor.ready.remote())

    def engines_moved(self, moves: Mapping[str, str]) -> None:
        """Tell all workers, present and future, the new addresses of engines: base URL -> new base URL."""
        self._settings = self._settings.moved(moves)
        for member in list(self._members):
            member.actor.engines_moved.remote(moves)
            if member.out and not member.leaving:  # the worker had given up, and there may be work again
                member.leaving = True
                self._members.append(self._hire())

    def halt_calls(self) -> None:
        """Send no further request to a model, from any worker."""
        for member in self._members:
            member.actor.halt_calls.remote()

    def judge(self, chunk_ids: Iterable[str]) -> tuple[str, ...]:
        """Judge committed chunks, or ask again about their judge_errors. Return the chunks that are left unjudged."""
        route = Route(chunk_ids, uuid.uuid4().hex, lambda _: frozenset())
        return self._drive(route, lambda actor, chunk_id, _: actor.judge_chunk.remote(chunk_id), lambda _: None)

    def run(self, chunk_ids: Iterable[str], retry: Mapping[str, Retry] = _NOTHING) -> tuple[str, ...]:
        """Make, commit and judge chunks. Return the chunks that are left unfinished.

        Chunks that another run has made meanwhile count as "earlier"; they may lack verdicts.

        Args:
            retry: committed chunks whose failed episodes are made again.

        Raises:
            StoreError: from a worker whose store failed.
            ClusterError: no worker survives its start.
        """
        settings = self._settings
        assert isinstance(settings, RolloutSettings)
        store, plan = EpisodeStore(settings.files, settings.fingerprint), Plan(settings.files, settings.fingerprint)

        def made(chunk_ids: Collection[str]) -> Set[str]:
            return store.committed_of([chunk_id for chunk_id in chunk_ids if chunk_id not in retry])

        def start(actor: Any, chunk_id: str, mode: Mode) -> Any:
            return actor.run_chunk.remote(chunk_id, mode, retry.get(chunk_id))

        def others_made(chunk_ids: Collection[str]) -> None:
            again = [retry[chunk_id].episodes for chunk_id in chunk_ids if chunk_id in retry]
            new = plan.episodes_in(chunk_id for chunk_id in chunk_ids if chunk_id not in retry)
            self._gone["earlier"] += sum(again) + new

        return self._drive(Route([*chunk_ids, *retry], settings.run, made), start, others_made)

    def _drive(
        self, waiting: Route, start: Callable[[Any, str, Mode], Any], others_made: Callable[[Collection[str]], None]
    ) -> tuple[str, ...]:
        deaths, lost = Counter[str](), Counter[str]()
        running: dict[Any, tuple[_Member, str, int]] = {}
        unfinished: list[str] = []
        suspects: deque[str] = deque()
        told, give_up_at = False, float("inf")
        while waiting or running or suspects:
            if monotonic() > give_up_at:  # a worker hangs, or its store does
                unfinished.extend(chunk_id for _, chunk_id, _ in running.values())
                break
            if self._stopping() and not told:
                told, give_up_at = True, monotonic() + self._stop_s + HAND_BACK_S
                unfinished.extend((*waiting, *suspects))
                waiting.clear()
                suspects.clear()
                for member in self._members:
                    member.actor.stop.remote(self._stop_s)
            if all(member.out for member in self._members):
                unfinished.extend((*waiting, *suspects))
                waiting.clear()
                suspects.clear()
            # Workers share engines: at the end, episodes that may have killed an engine are tried one at a time.
            if suspects and not (waiting or running) and (free := self._free(alone=True)) is not None:
                chunk_id = suspects.popleft()
                running[start(free.actor, chunk_id, "trial")] = (free, chunk_id, self._chunks_each)
                free.load += self._chunks_each
            # A chunk whose worker died has the next one to itself, to see which of them is to blame; if that one dies
            # too, it is run carefully.
            while waiting and (free := self._free(alone := deaths[waiting[0]] > 0)) is not None:
                chunk_id = waiting.popleft()
                load = self._chunks_each if alone else 1
                running[start(free.actor, chunk_id, "careful" if deaths[chunk_id] > 1 else "")] = (free, chunk_id, load)
                free.load += load
            if not (running or waiting or suspects):
                break
            self._wait(list(running))
            ready, _ = ray.wait(list(running), num_returns=len(running), timeout=0) if running else ([], [])
            for ref in ready:
                member, chunk_id, load = running.pop(ref)
                member.load -= load
                match self._ending(ref, member):
                    case "found" | "overtaken" as state if not deaths[chunk_id]:
                        dropped = waiting.met(chunk_id)
                        others_made((*dropped, chunk_id) if state == "found" else dropped)
                    case "died":
                        deaths[chunk_id] += 1
                        again = deaths[chunk_id] < CHUNK_ATTEMPTS and not told
                        (waiting if again else unfinished).append(chunk_id)
                    case "lost":
                        lost[chunk_id] += 1
                        deaths[chunk_id] += lost[chunk_id] > NODEDEATHS
                        (unfinished if told else waiting).append(chunk_id)
                    case "late":
                        deaths[chunk_id] += 2  # carefully from now on
                        (unfinished if told else waiting).append(chunk_id)
                    case "suspect":
                        (unfinished if told else suspects).append(chunk_id)
                    case "handed_back":
                        again = (member.out or member.leaving) and not told
                        (waiting if again else unfinished).append(chunk_id)
            self._poll()
            self._look_around(0 if told else len(waiting) + len(running))
        self._poll(POLL_S if told else LAST_POLL_S)
        return tuple(unfinished)

    def _wait(self, running: Sequence[Any]) -> None:
        """Wait until a chunk ends, a worker starts, or the next check of the nodes is due."""
        starting = {member.starting: member for member in self._members if not member.ready}
        ready, _ = ray.wait([*running, *starting], num_returns=1, timeout=POLL_S)
        for ref in ready:
            if ref in starting:
                self._started(starting[ref])
        if len(starting) == len(self._members) and monotonic() > self._patient_until:
            self._patient_until = monotonic() + AGAIN_S
            free = int(ray.available_resources().get("CPU", 0))
            self._say(
                f"waiting for a worker to start: it needs 1 CPU, and {free} of the cluster's "
                f"{int(ray.cluster_resources().get('CPU', 0))} are free (cluster.workers={self._most} at most)",
                "warning",
            )

    def _started(self, member: _Member) -> None:
        try:
            member.node = ray.get(member.starting)
        except DEATHS as error:
            self._start_deaths += not _lost(error)
            *_, why = (line.strip() for line in ["no reason is known", *str(error).splitlines()] if line.strip())
            if "creation task" in str(error):  # the worker said why it cannot start; the next one would fail too
                raise ClusterError(f"a worker cannot start: {why[:500]}") from error
            if self._start_deaths >= START_ATTEMPTS:
                raise ClusterError(f"{START_ATTEMPTS} workers died while starting: {why[:500]}") from error
            self._replace(member)
        else:
            member.ready, self._start_deaths = True, 0

    def _free(self, alone: bool) -> _Member | None:
        """A worker with room for a chunk, or without other work."""
        room = 0 if alone else self._chunks_each - 1
        able = (m for m in self._members if m.ready and not m.out and not m.leaving and m.load <= room)
        return min(able, key=lambda m: m.load, default=None)

    def _ending(self, ref: Any, member: _Member) -> str:
        """The end of a chunk: as its report says, or "died", or "lost" with its node. A dead worker is replaced."""
        try:
            report = ray.get(ref)
        except DEATHS as error:
            self._replace(member)
            return "lost" if _lost(error) else "died"
        if report is None:
            return "committed"
        if report.why:
            self.reasons[report.why] = report.ending
            member.out = True
        return str(report.state)

    def _replace(self, member: _Member) -> None:
        if member in self._members:  # another chunk of the worker may have reported the death
            self._dismiss(member)
            if not member.leaving:  # then another was hired already
                self._gone[metrics.WORKERS_REPLACED.name] += 1
                self._say("a worker died: another takes its place", "warning")
                self._members.append(self._hire())

    def _dismiss(self, member: _Member) -> None:
        self._members.remove(member)
        self._gone.update(lasting(member.counts))  # not +, which drops what is below zero
        ray.kill(member.actor)

    def _look_around(self, chunks: int) -> None:
        """Leave nodes that are about to end, and use new nodes, if there are chunks for them."""
        for member in [member for member in self._members if member.leaving and not member.load]:
            with suppress(*DEATHS, GetTimeoutError):  # the worker's counts since the last poll
                member.counts = Counter(ray.get(member.actor.counts.remote(), timeout=POLL_S))
            self._dismiss(member)  # a node without workers ends at once
        if monotonic() < self._look_at:
            return
        self._look_at = monotonic() + LOOK_S
        leaving = leaving_nodes()
        for member in list(self._members):
            if member.ready and not member.leaving and member.node in leaving:
                member.leaving = True
                member.actor.stop.remote(leaving[member.node])
                self._members.append(self._hire())
        staying = sum(not member.leaving for member in self._members)
        for _ in range(staying, min(self._most, cpus(), chunks)):
            self._members.append(self._hire())

    def _poll(self, patience_s: float = POLL_S) -> None:
        refs = {member.actor.counts.remote(): member for member in self._members if member.ready}
        ready, _ = ray.wait(list(refs), num_returns=len(refs), timeout=patience_s) if refs else ([], [])
        for ref in ready:
            try:
                refs[ref].counts = Counter(ray.get(ref))
            except DEATHS:
                continue
        total = self._gone.copy()
        for member in self._members:
            total.update(member.counts)
        self._outages.note("worker", not any(member.ready for member in self._members))
        total.update(Counter(self._outages.series()))
        self._on_poll(total)

    def probe(self, chunk_ids: Sequence[str]) -> tuple[EpisodeCost, ...]:
        """The cost of one episode of each rung in these chunks. One worker tries each.

        `reasons` says why some could not be tried.

        Raises:
            Stopped: asked to stop meanwhile.
        """
        while not (ready := [member.actor for member in self._members if member.ready]):
            if self._stopping():
                raise Stopped
            self._wait([])
        actors = [ready[index % len(ready)] for index in range(len(chunk_ids))]
        refs = [actor.probe.remote(chunk_id) for actor, chunk_id in zip(actors, chunk_ids, strict=True)]
        found = [fetch(ref, self._stopping) for ref in refs]
        self.reasons |= {probed.why: probed.ending for probed in found if probed.why}
        return tuple(cost for probed in found for cost in probed.costs)

    def close(self) -> None:
        """End the workers. Everything that must survive is in the store."""
        for member in self._members:
            ray.kill(member.actor)
