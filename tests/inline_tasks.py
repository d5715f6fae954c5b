"""Tasks without a cluster: one after the other, in this process."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from actors.cluster.errors import Stopped


def inline(
    work: Callable[[Any], Any],
    items: Iterable[Any],
    stopping: Callable[[], bool] = lambda: False,
    workers: int | None = None,  # noqa: ARG001
    waiting: Callable[[], None] = lambda: None,  # noqa: ARG001
) -> Iterator[Any]:
    """As `actors.cluster.tasks.in_order`."""
    for item in items:
        if stopping():
            raise Stopped
        yield work(item)
