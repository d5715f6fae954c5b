"""The selection: what curation decides of every episode in a version's scope, and why.

Two things decide, in this order: what must never be trained on or is not correct (the ledger's `reason`), then the
conditions of the curation settings, which are SQL over the ledger. What passes is `train` or, by its picture,
`validation`.
"""

from dataclasses import dataclass, field

import pyarrow as pa

from lensmill.curation.settings import CurationSettings
from storage.builds.ledger import Ledger
from storage.builds.scope import Scope

_NAME = pa.dictionary(pa.int32(), pa.string())

SELECTION = pa.schema(
    [
        ("chunk", _NAME),
        ("position", pa.int32()),
        ("episode_id", pa.string()),
        ("sample_id", _NAME),
        ("image_id", _NAME),
        ("rung", pa.int32()),
        ("table", _NAME),  # "train", "validation", "rejected" or "failures"
        ("reason", _NAME),  # null of what is trained on
        ("pixels", pa.int64()),
    ]
)
"""Columns of `Selection.rows`; about 100 bytes a row, since repeated texts are stored once."""

COUNTS = pa.schema(
    [
        ("rung", pa.int32()),
        ("table", pa.string()),
        ("reason", pa.string()),
        ("error_class", pa.string()),
        ("source", pa.string()),
        ("subset", pa.string()),
        ("split", pa.string()),
        ("licence", pa.string()),
        ("agent", pa.string()),
        ("rule", pa.string()),
        ("episodes", pa.int64()),
        ("steps", pa.int64()),
        ("zooms", pa.int64()),
        ("edits", pa.int64()),
        ("zoomed", pa.int64()),  # episodes with at least one zoom
        ("edited", pa.int64()),
        ("seconds", pa.float64()),
        ("pictures", pa.int64()),
        ("pixels", pa.int64()),
        ("first", pa.int64()),  # row number of the group's first episode in plan order
        ("message", pa.string()),  # of the failure of that episode
    ]
)
"""Columns of `Selection.counts`: sums over the episodes in scope, a row for each combination of the first ten."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What becomes of every episode in a version's scope.

    Attributes:
        rows: SELECTION columns, in plan order.
        funnel: how many episodes each condition removed, in order: first the reasons that are no setting
            ("failed", "incorrect" ...; only those that occur), then the conditions of the settings (all of them).
        counts: COUNTS columns; closing table, gates and card follow from it (`actors.publishing.ledger.tally_of`,
            `card_counts`).
        left_out: episodes of the chunks that are out of the version's scope.
        taken_down: episodes that would be accepted, had `exclude=` not taken them down.
        unknown: ids of `exclude=` that name no episode of these chunks, sorted.
    """

    rows: pa.Table
    funnel: tuple[tuple[str, int], ...]
    counts: pa.Table
    left_out: int = 0
    taken_down: int = 0
    unknown: tuple[str, ...] = field(default=())


def select(ledger: Ledger, scope: Scope, curation: CurationSettings) -> Selection:
    """Curate the episodes of a ledger.

    Raises:
        ConditionError: a condition is no SQL condition over the ledger's columns.
        StoreError: the ledger is missing or damaged.
    """
    raise NotImplementedError


class ConditionError(ValueError):
    """A condition that cannot be used: one line that names the condition and says what to do."""
