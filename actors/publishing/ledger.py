"""Writing the missing segments of a ledger on every node."""

from collections.abc import Callable, Sequence
from functools import partial

from actors.cluster.tasks import Tasks, in_order
from storage.builds.judged import Layers
from storage.builds.ledger import Ledger, LedgerSegment
from storage.builds.ledger_writer import LedgerWriter
from storage.files.store import Files


def written_ledger(
    files: Files,
    fingerprint: str,
    judge: str,
    chunk_ids: Sequence[str],
    layers: Layers,
    measures: Sequence[str] = (),
    stopping: Callable[[], bool] = lambda: False,
    workers: int | None = None,
    show: Callable[[int, int], None] | None = None,
    tasks: Tasks = in_order,
) -> Ledger:
    """The ledger of these chunks; segments that have no file yet are written by Ray tasks on every node.

    Args:
        measures, layers, chunk_ids: see `Ledger`.
        stopping, workers: see `actors.cluster.tasks.in_order`.
        show: receives the number of written segments, from 0, and the number of missing segments; not called if none is
            missing.
        tasks: what runs one function over many items.

    Raises:
        Stopped: asked to stop. Written segments stay.
        StoreError: see `LedgerWriter`.
    """
    ledger = Ledger(files, fingerprint, judge, chunk_ids, layers, measures)
    missing = ledger.missing()
    write = partial(_write, files, fingerprint, judge, tuple(measures))
    if show is not None and missing:
        show(0, len(missing))
    for done, _ in enumerate(tasks(write, missing, stopping, workers), 1):
        if show is not None:
            show(done, len(missing))
    return ledger


_held: dict[tuple[str, ...], LedgerWriter] = {}
"""The writer of this process's last task. It holds the plan's index for the next task."""


def _write(files: Files, fingerprint: str, judge: str, measures: tuple[str, ...], segment: LedgerSegment) -> int:
    """The body of a task."""
    key = (repr(files.__reduce__()[1]), fingerprint, judge, *measures)
    if key not in _held:
        _held.clear()
        _held[key] = LedgerWriter(files, fingerprint, judge, measures)
    return _held[key].write(segment)
