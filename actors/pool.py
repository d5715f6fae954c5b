"""The pool of rollout workers: hands out chunks, replaces workers that died, stops them gently."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayActorError

from actors.rollout import EpisodeCost, RemoteRolloutWorker, RolloutSettings

CHUNK_ATTEMPTS = 100
"""A chunk whose worker died this often is left unfinished rather than tried for ever. Each death of a careful attempt
tells of one episode, so this is many bad episodes in one chunk, or a machine that kills everything."""

CHUNKS_EACH = 2
"""Chunks a worker holds at a time, so that the end of one does not leave its slots empty."""

POLL_S = 0.5


@dataclass(eq=False)
class _Member:
    actor: Any
    counts: Counter[str] = field(default_factory=Counter)
    load: int = 0
    dead: bool = False


class RolloutPool:
    """Runs chunks on a fixed number of workers.

    Args:
        settings: what every worker is told.
        size: how many workers.
        on_poll: told the counts of all workers about twice a second.
        stopping: asked as often; once true, no chunk is started and the workers hand back what they have.
        worker: the Ray actor class.
    """

    def __init__(
        self,
        settings: RolloutSettings,
        size: int,
        on_poll: Callable[[Counter[str]], None],
        stopping: Callable[[], bool],
        worker: Any = RemoteRolloutWorker,
    ) -> None:
        self._settings = settings
        self._worker = worker
        self._on_poll = on_poll
        self._stopping = stopping
        self._gone: Counter[str] = Counter()
        self._members = [self._hire() for _ in range(size)]
        ray.get([member.actor.ready.remote() for member in self._members])

    def _hire(self) -> _Member:
        return _Member(self._worker.remote(self._settings))

    def judge(self, chunk_ids: Iterable[str]) -> tuple[str, ...]:
        """Judge committed chunks; returns those that are left unjudged."""
        return self._drive(chunk_ids, lambda actor, chunk_id, _: actor.judge_chunk.remote(chunk_id))

    def run(self, chunk_ids: Iterable[str]) -> tuple[str, ...]:
        """Make, commit and judge chunks; returns those that are left unfinished.

        Raises:
            StoreError: from a worker whose store failed.
        """
        return self._drive(chunk_ids, lambda actor, chunk_id, careful: actor.run_chunk.remote(chunk_id, careful))

    def _drive(self, chunk_ids: Iterable[str], start: Callable[[Any, str, bool], Any]) -> tuple[str, ...]:
        waiting, deaths = deque(chunk_ids), Counter[str]()
        running: dict[Any, tuple[_Member, str]] = {}
        unfinished: list[str] = []
        told = False
        while waiting or running:
            if self._stopping() and not told:
                told = True
                unfinished.extend(waiting)
                waiting.clear()
                for member in self._members:
                    member.actor.stop.remote()
            while waiting and (free := self._free(careful := deaths[waiting[0]] > 0)) is not None:
                chunk_id = waiting.popleft()
                running[start(free.actor, chunk_id, careful)] = (free, chunk_id)
                free.load += CHUNKS_EACH if careful else 1
            ready, _ = ray.wait(list(running), num_returns=1, timeout=POLL_S)
            for ref in ready:
                member, chunk_id = running.pop(ref)
                member.load -= CHUNKS_EACH if deaths[chunk_id] else 1
                if not self._finished(ref, member):
                    deaths[chunk_id] += member.dead
                    again = member.dead and deaths[chunk_id] < CHUNK_ATTEMPTS and not told
                    (waiting if again else unfinished).append(chunk_id)
            self._poll()
        self._poll()
        return tuple(unfinished)

    def _free(self, careful: bool) -> _Member | None:
        """A worker with room for a chunk; a careful one gets a worker to itself."""
        member = min(self._members, key=lambda m: m.load)
        room = 0 if careful else CHUNKS_EACH - 1
        return member if member.load <= room else None

    def _finished(self, ref: Any, member: _Member) -> bool:
        """Whether the chunk is done; a dead worker is replaced by a new one."""
        try:
            report = ray.get(ref)
        except RayActorError:
            if not member.dead:
                member.dead = True
                self._gone += member.counts
                self._members[self._members.index(member)] = self._hire()
            return False
        return report is None or report.state == "committed"

    def _poll(self) -> None:
        refs = {member.actor.counts.remote(): member for member in self._members}
        ready, _ = ray.wait(list(refs), num_returns=len(refs), timeout=POLL_S)
        for ref in ready:
            try:
                refs[ref].counts = Counter(ray.get(ref))
            except RayActorError:
                continue
        self._on_poll(sum((member.counts for member in self._members), self._gone.copy()))

    def probe(self, chunk_ids: Sequence[str]) -> tuple[EpisodeCost, ...]:
        """What one episode of each rung costs in these chunks, each tried by one worker."""
        actors = [self._members[index % len(self._members)].actor for index in range(len(chunk_ids))]
        refs = [actor.probe.remote(chunk_id) for actor, chunk_id in zip(actors, chunk_ids, strict=True)]
        return tuple(cost for costs in ray.get(refs) for cost in costs)

    def close(self) -> None:
        """End the workers; everything that matters is in the store."""
        for member in self._members:
            ray.kill(member.actor)
