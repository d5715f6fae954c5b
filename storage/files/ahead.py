"""Work that waits for a store, done a little ahead of whoever takes it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

READERS = 16
"""So many files are asked for at a time, since an object store takes its time for each."""


def ahead(make: Callable[[Item], Made], items: Iterable[Item], threads: int = READERS) -> Iterator[Made]:
    """What `make` gives for each item, in their order, by so many threads. Items are taken from one thread. One more
    than there are threads are at work or wait to be taken, at most."""
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
