"""Work that waits for a store, done a little ahead of its consumer."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

READERS = 16
"""Files that are requested at a time: an object store takes long for each."""


def ahead(make: Callable[[Item], Made], items: Iterable[Item], threads: int = READERS) -> Iterator[Made]:
    """The result of `make` for each item, in the order of the items.

    Items are taken from one thread. At most `threads` + 1 results are in progress or wait to be taken.

    Args:
        make: runs in several threads at once.
        items: read lazily.
        threads: calls of `make` that run at a time.
    """
    pending: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(make, item))
                if len(pending) > threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
