"""Running one function over many items on every node: ingest, ledger, publishing and verification are such runs."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import ray

from actors.cluster.connection import cpus
from actors.cluster.errors import Stopped

Item = TypeVar("Item")
Result = TypeVar("Result")

RETRIES = 10
"""Times that Ray starts a task again whose worker or node has died. A task's work is committed once, so a second run
of the same item finds the first one's result, or makes the same bytes."""

AHEAD = 3
"""Tasks that are started for each CPU: one runs, others wait or are done, so that a slow item idles no CPU."""

POLL_S = 0.5


class Tasks(Protocol):
    """What runs one function over many items: `in_order`, or a plain loop where there is no cluster."""

    def __call__(
        self,
        work: Callable[[Any], Any],
        items: Iterable[Any],
        stopping: Callable[[], bool] = ...,
        workers: int | None = ...,
        waiting: Callable[[], None] = ...,
    ) -> Iterator[Any]: ...


def in_order(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    stopping: Callable[[], bool] = lambda: False,
    workers: int | None = None,
    waiting: Callable[[], None] = lambda: None,
) -> Generator[Result]:
    """Yield `work(item)` for each item, in the order of the items. The calls run as Ray tasks on one CPU each.

    At most `AHEAD * workers` items are started and not yet taken, so the results that wait are bounded too: a caller
    that takes slowly slows the tasks down. A task whose worker dies runs again elsewhere, so `work` must be
    idempotent.

    Args:
        work: a function that can be pickled, e.g. `functools.partial` of a module's function.
        items: read as slots become free.
        stopping: asked twice a second.
        workers: tasks that run at once, at most; None takes every CPU of the cluster, also of nodes that join later.
        waiting: called twice a second while no result is ready, e.g. to show progress.

    Raises:
        Stopped: asked to stop. The tasks are cancelled.
        Exception: what `work` raised, from the first item in order that failed.
        RuntimeError: this process has not joined Ray (`actors.cluster.connection.connect`).
    """
    if not ray.is_initialized():  # else ray.put would start a Ray with a dashboard of its own
        raise RuntimeError("connect to Ray before running tasks")
    task = ray.remote(work_on).options(num_cpus=1, max_retries=RETRIES, scheduling_strategy="SPREAD")
    function = ray.put(work)
    started: deque[Any] = deque()
    stream = iter(items)
    ended = False
    try:
        while True:
            while not ended and len(started) < AHEAD * (workers or max(1, cpus())):
                try:
                    item = next(stream)
                except StopIteration:
                    ended = True
                else:
                    started.append(task.remote(function, item))
            if not started:
                return
            while not ray.wait([started[0]], timeout=POLL_S)[0]:
                if stopping():
                    raise Stopped
                waiting()
            if stopping():
                raise Stopped
            yield ray.get(started.popleft())
    finally:
        for ref in started:
            ray.cancel(ref, force=True)


def work_on(work: Callable[[Item], Result], item: Item) -> Result:
    """The body of every task."""
    return work(item)
