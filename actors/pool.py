"""The pool of rollout workers: hands out chunks, replaces workers that died, stops them gently."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import ray
from ray.exceptions import RayActorError

from actors.rollout import EpisodeCost, RemoteRolloutWorker, RolloutSettings

CHUNK_ATTEMPTS = 3
"""A chunk whose worker died this often is left unfinished rather than tried for ever."""

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
    """

    def __init__(
        self,
        settings: RolloutSettings,
        size: int,
        on_poll: Callable[[Counter[str]], None],
        stopping: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._on_poll = on_poll
        self._stopping = stopping
        self._gone: Counter[str] = Counter()
        self._members = [self._hire() for _ in range(size)]
        ray.get([member.actor.ready.remote() for member in self._members])

    def _hire(self) -> _Member:
        return _Member(RemoteRolloutWorker.remote(self._settings))

    def run(self, chunk_ids: Iterable[str], method: Literal["run_chunk", "judge_chunk"]) -> tuple[str, ...]:
        """Run the method on every chunk; returns the chunks that are left unfinished.

        Raises:
            StoreError: from a worker whose store failed.
        """
        waiting, attempts = deque(chunk_ids), Counter[str]()
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
            self._hand_out(waiting, running, method)
            ready, _ = ray.wait(list(running), num_returns=1, timeout=POLL_S)
            for ref in ready:
                member, chunk_id = running.pop(ref)
                member.load -= 1
                if not self._finished(ref, member):
                    attempts[chunk_id] += 1
                    again = attempts[chunk_id] < CHUNK_ATTEMPTS and member.dead and not told
                    (waiting if again else unfinished).append(chunk_id)
            self._poll()
        self._poll()
        return tuple(unfinished)

    def _hand_out(self, waiting: deque[str], running: dict[Any, tuple[_Member, str]], method: str) -> None:
        while waiting:
            member = min(self._members, key=lambda m: m.load)
            if member.load >= CHUNKS_EACH:
                return
            chunk_id = waiting.popleft()
            running[getattr(member.actor, method).remote(chunk_id)] = (member, chunk_id)
            member.load += 1

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
