"""The order in which runs hand out chunks: simulated runs on one plan, with nothing between them but what is made."""

import heapq
from collections import Counter
from collections.abc import Collection, Set
from random import Random

import pytest

from actors.rollouts.route import Route

PLAN = [f"c{number:05d}" for number in range(2000)]


class Runs:
    """Runs that work at once, each with a number of chunks in flight; a chunk takes a random time.

    Attributes:
        begun: how often each chunk was begun.
        lists: how often a run looked at all that is made.
    """

    def __init__(self, runs: int, in_flight: int, seed: int, starts: tuple[float, ...] = ()) -> None:
        self.begun: Counter[str] = Counter()
        self.lists = 0
        self._made: set[str] = set()
        self._random = Random(seed)
        self._events: list[tuple[float, int, int, str, bool]] = []
        self._routes = [Route(PLAN, f"{seed}-{run}", self._look) for run in range(runs)]
        self._number = 0
        for run in range(runs):
            for _ in range(in_flight):
                self._next(run, starts[run] if starts else 0.0)
        while self._events:
            now, _, run, chunk_id, found = heapq.heappop(self._events)
            if found or chunk_id in self._made:
                self._routes[run].met(chunk_id)
            self._made.add(chunk_id)
            self._next(run, now)
        assert self._made == set(PLAN)

    def _look(self, chunk_ids: Collection[str]) -> Set[str]:
        self.lists += 1
        return self._made & set(chunk_ids)

    def _next(self, run: int, now: float) -> None:
        if not self._routes[run]:
            return
        chunk_id = self._routes[run].popleft()
        found = chunk_id in self._made
        self.begun[chunk_id] += not found
        self._number += 1
        heapq.heappush(
            self._events,
            (now + (0.01 if found else self._random.uniform(0.5, 1.5)), self._number, run, chunk_id, found),
        )

    @property
    def twice(self) -> int:
        return sum(count - 1 for count in self.begun.values())


def test_a_run_alone_takes_every_chunk_once_in_the_plans_order_from_a_place_of_its_own() -> None:
    routes = [Route(PLAN, run, lambda _: frozenset()) for run in ("a", "b")]
    first, second = ([route.popleft() for _ in PLAN] for route in routes)
    assert first[0] != second[0]
    for taken in (first, second):
        place = PLAN.index(taken[0])
        assert taken == PLAN[place:] + PLAN[:place]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("runs", [2, 3])
def test_chunks_made_twice_are_bounded_by_chunks_in_flight(runs: int, seed: int) -> None:
    in_flight = 8
    found = Runs(runs, in_flight, seed)
    assert found.twice <= 2 * runs * in_flight  # where they met, and at the end
