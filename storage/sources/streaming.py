"""Streams a dataset from a hub, with a limit for every wait."""

import queue
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from storage.sources.protocol import SourceError

HUB_WAIT = 60.0
"""Maximum seconds for each answer of the hub."""

Row = Mapping[str, object]
T = TypeVar("T")


def stream_from_hub(name: str, split: str) -> tuple[tuple[str, ...], Iterable[Row]]:
    """The columns and rows of a hub dataset, fetched as they are read."""
    import datasets
    from huggingface_hub import HfApi

    # Asked once, without the retries of the calls below: an unknown name and a missing hub end here.
    HfApi().dataset_info(name, timeout=10)
    dataset = datasets.load_dataset(name, split=split, streaming=True)
    columns = tuple(dataset.column_names or ())
    if "image" in columns:
        dataset = dataset.cast_column("image", datasets.Image(decode=False))
    return columns, dataset


def bounded(items: Iterable[T], seconds: float) -> Iterator[T]:
    """The items, with a limit for the time of each. A thread reads the source, a few items ahead.

    Raises:
        SourceError: an item took longer. The thread is abandoned.
        Exception: any error of the items.
    """
    given: queue.Queue[tuple[str, T | Exception | None]] = queue.Queue(maxsize=2)
    stopped = threading.Event()

    def put(kind: str, item: T | Exception | None) -> None:
        while not stopped.is_set():
            try:
                given.put((kind, item), timeout=1)
            except queue.Full:
                continue
            return

    def fetch() -> None:
        try:
            for item in items:
                put("item", item)
                if stopped.is_set():
                    return
            put("end", None)
        except Exception as error:
            put("error", error)

    threading.Thread(target=fetch, daemon=True).start()
    try:
        while True:
            try:
                kind, item = given.get(timeout=seconds)
            except queue.Empty:
                raise SourceError(
                    f"sources/chartqa_hub: no answer from the hub within {seconds:g} s; "
                    "check the network, or download the Parquet files and give their folder"
                ) from None
            if isinstance(item, Exception):
                raise item
            if kind == "end":
                return
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
