"""Runs the pieces of work of a verification or an export, here or as Ray tasks. The results come in order."""

import os
from collections.abc import Callable, Iterable, Iterator
from time import monotonic

from actors.cluster.connection import ClusterSettings, connect
from actors.cluster.tasks import in_order
from monitoring.logs import Say
from storage.checks.finding import Item, Made

PATIENCE_S = 15.0
"""Seconds of work in this process before a Ray of our own is started. Starting Ray takes some seconds, which is too
much for a small store."""


class Running:
    """Runs functions of `storage.checks` over many items, as `storage.checks.finding.Run`.

    With the default cluster settings, the first seconds of work run in this process, and the rest on a Ray of our own.
    With one worker all work runs in this process.

    Args:
        say: told one line if a cluster takes long to answer.
        waiting: called twice a second while no result is ready.
        patience_s: see `PATIENCE_S`; 0 for work that is known to be long.
    """

    def __init__(
        self,
        settings: ClusterSettings,
        say: Say,
        waiting: Callable[[], None] = lambda: None,
        patience_s: float | None = None,
    ) -> None:
        self._settings, self._say, self._waiting, self._patience_s = settings, say, waiting, patience_s
        self._worked = 0.0
        self._connected = False

    def __call__(self, work: Callable[[Item], Made], items: Iterable[Item], /) -> Iterator[Made]:
        stream = iter(items)
        while self._here():
            try:
                item = next(stream)
            except StopIteration:
                return
            started = monotonic()
            made = work(item)
            self._worked += monotonic() - started
            yield made
        first = next(stream, None)
        if first is None:
            return
        if not self._connected:
            connect(self._settings, say=self._say)
            self._connected = True
        yield from in_order(work, _after(first, stream), workers=self._settings.workers, waiting=self._waiting)

    def _here(self) -> bool:
        """Whether the next item runs in this process."""
        settings = self._settings
        if self._connected or settings.address != "local":
            return False
        if settings.workers is None:
            return (
                self._worked < (PATIENCE_S if self._patience_s is None else self._patience_s)
                or len(os.sched_getaffinity(0)) == 1
            )
        return settings.workers == 1


def _after(first: Item, rest: Iterable[Item]) -> Iterator[Item]:
    yield first
    yield from rest
