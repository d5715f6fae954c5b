"""The order in which a run hands out its chunks, so that runs on one plan keep out of each other's way."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Set
from random import Random


class Route(deque[str]):
    """The chunks that a run has still to hand out.

    Runs know nothing of each other: there are no locks and no leases. Each begins at a place of its own and goes on in
    the plan's order. Where it meets what another run has made, it looks at what is made by now, and goes on at another
    place of what is left. So a chunk is made twice only if both had it in flight where they met, and at the very end,
    when all that is left is in flight somewhere.

    Args:
        chunk_ids: in the plan's order.
        run: decides the places, with letters of any kind.
        made: which of some chunks are made by now.
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
        """Another run has made a chunk that was handed out here: go on elsewhere. Returns the chunks that need not be
        handed out any more, since they are made.

        What was handed out before the last such jump tells nothing new.
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
