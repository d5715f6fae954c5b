"""The order in which a run hands out its chunks, so that runs on one plan stay apart."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Set
from random import Random


class Route(deque[str]):
    """The chunks that a run has not handed out yet.

    Runs do not know each other: there are no locks and no leases. Each run begins at its own place and follows the
    plan's order. When a run meets a chunk that another run has made, it lists the finished chunks and continues at
    another place among the rest. So a chunk is made twice only if both runs had it in flight where they met, or at the
    very end, when all remaining chunks are in flight somewhere.

    Args:
        chunk_ids: in the plan's order.
        run: decides the places, with letters of any kind.
        made: returns the finished ones of some chunks.
    """

    def __init__(self, chunk_ids: Iterable[str], run: str, made: Callable[[Collection[str]], Set[str]]) -> None:
        super().__init__(chunk_ids)
        self._random = Random(run)
        self._made = made
        self._given: set[str] = set()
        self._jump()

    def popleft(self) -> str:
        """Take the next chunk."""
        chunk_id = super().popleft()
        self._given.add(chunk_id)
        return chunk_id

    def met(self, chunk_id: str) -> tuple[str, ...]:
        """Another run has made a chunk that was handed out here: continue elsewhere. Return the chunks that are
        finished and need not be handed out.

        A chunk that was handed out before the last such jump causes no further jump.
        """
        if chunk_id not in self._given:
            return ()
        there = self._made(self) if self else frozenset[str]()
        dropped: tuple[str, ...] = ()
        if there:
            dropped = tuple(waiting for waiting in self if waiting in there)
            left = [waiting for waiting in self if waiting not in there]
            self.clear()
            self.extend(left)
        self._jump()
        return dropped

    def _jump(self) -> None:
        self._given.clear()
        if self:
            self.rotate(-self._random.randrange(len(self)))
