"""Writing a ledger on every node, and what publishing tells from a selection."""

from collections.abc import Callable, Sequence

from monitoring.report import BuildTally
from storage.builds.judged import Layers
from storage.builds.ledger import Ledger
from storage.builds.selection import Selection
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
) -> Ledger:
    """The ledger of these chunks; segments that have no file yet are written by Ray tasks on every node.

    Args:
        measures, layers, chunk_ids: see `Ledger`.
        stopping, workers: see `actors.cluster.tasks.in_order`.
        show: told how many segments of those that were missing are written.

    Raises:
        Stopped: asked to stop. Segments that are written stay.
        StoreError: see `Ledger.write`.
    """
    raise NotImplementedError


def tally_of(selection: Selection) -> BuildTally:
    """The closing table of a version."""
    raise NotImplementedError
