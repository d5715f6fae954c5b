"""The selection: the table and the reason of every episode in a version's scope.

Two things decide, in this order: the ledger's `reason` (the episode must never be trained on, or is not correct), then
the conditions of the curation settings, which are SQL over the ledger. An episode that passes both is in `train` or, by
its picture, in `validation`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from lensmill.curation.settings import CurationSettings
from lensmill.facts.measure import measures_of
from storage.builds.conditions import Condition, ConditionError, checked
from storage.builds.ledger import Ledger, ledger_schema
from storage.builds.scope import Scope
from storage.builds.sql import DERIVED, connect, derived, one_line, with_derived

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
        ("reason", _NAME),  # null if the episode is trained on
        ("pixels", pa.int64()),
        ("content", pa.int64()),  # the measure of this name
    ]
)
"""Columns of `Selection.rows`; about 100 bytes a row, since repeated texts are stored once."""

_KEYS = ("rung", "table", "reason", "error_class", "source", "subset", "split", "licence", "agent", "rule")
_SUMS = ("steps", "zooms", "edits", "seconds", "pictures", "pixels")

COUNTS = (*_KEYS, "episodes", *_SUMS, "zoomed", "edited", "first", "message")
"""Columns of `Selection.counts`: sums over the episodes in scope, a row for each combination of the first ten. `zoomed`
and `edited` count episodes with at least one zoom, or edit; `message` is the message of the group's first failure in
plan order, and `first` the row number of that failure."""

_READ = (
    "chunk",
    "position",
    "episode_id",
    "sample_id",
    "image_id",
    "seed",
    "outcome",
    *_KEYS[:1],
    *_KEYS[2:],
    *_SUMS,
    "error",
    "content",
)

_REASONS = (
    *("failed", "abstained", "turn_limit", "unseen_picture", "template_token", "bad_character", "empty_turn"),
    *("runaway", "made_up_observation", "incorrect", "undecided", "judge_error"),
)
"""The order of reasons in a funnel; others follow."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The table and the reason of every episode in a version's scope.

    Attributes:
        rows: SELECTION columns, in plan order.
        funnel: number of episodes that each condition removed, in order: first the built-in reasons that occur
            ("failed", "incorrect" ...), then every condition of the settings.
        counts: COUNTS columns; closing table, gates and card follow from it (`actors.publishing.tally.tally_of`,
            `storage.builds.counts.card_counts`).
        left_out: number of episodes of the chunks that are out of the version's scope.
        taken_down: number of episodes that would be accepted without `exclude=`.
        unknown: ids of `exclude=` that name no episode of these chunks, sorted.
    """

    rows: pa.Table
    funnel: tuple[tuple[str, int], ...]
    counts: pa.Table
    left_out: int = 0
    taken_down: int = 0
    unknown: tuple[str, ...] = ()


def check_curation(curation: CurationSettings) -> CurationSettings:
    """The settings, if every condition uses only columns of the measures.

    Raises:
        ConditionError: a condition cannot be used.
        SpecError: see `measures_of`.
    """
    schema = ledger_schema(measures_of(curation.measures))
    if [*curation.named()]:
        with connect(threads=1) as engine:
            _checked(engine, schema, curation)
    return curation


def _checked(engine: duckdb.DuckDBPyConnection, schema: pa.Schema, curation: CurationSettings) -> tuple[Condition, ...]:
    return checked(engine, with_derived(schema), [*curation.named()])


def select(ledger: Ledger, scope: Scope, curation: CurationSettings) -> Selection:
    """Curate the episodes of a ledger.

    Raises:
        ConditionError: a condition is not an SQL condition over the ledger's columns, or fails on an episode.
        StoreError: the ledger is missing or damaged.
    """
    with connect() as engine:
        return _Selecting(engine, ledger, scope, curation).run()


class _Selecting:
    """One selection. It reads the ledger batch by batch, so the result alone decides the memory."""

    def __init__(
        self, engine: duckdb.DuckDBPyConnection, ledger: Ledger, scope: Scope, curation: CurationSettings
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._scope = scope
        self._conditions = _checked(engine, ledger.schema, curation)
        self._share = curation.validation
        self._ids_left_out, self._ids_by_origin = _ids(scope.left_out), _ids(scope.by_origin)
        self._left_out = self._taken_down = 0
        self._found: set[str] = set()

    def run(self) -> Selection:
        derived = {column.name for column in DERIVED}
        needed = frozenset().union(*(condition.columns for condition in self._conditions))
        if needed & derived:
            self._register_groups()
        columns = dict.fromkeys((*_READ, *sorted(needed - derived)))
        rows, counts = [SELECTION.empty_table()], []
        for part in self._ledger.tables([*columns]):
            start = sum(len(table) for table in rows)
            kept = self._decided(part, bool(needed & derived))
            rows.append(_rows_of(kept))
            counts.append(self._counted(kept, start))
        total = self._summed(counts)
        return Selection(
            pa.concat_tables(rows).unify_dictionaries(),
            tuple(self._funnel(total)),
            total,
            self._left_out,
            self._taken_down,
            tuple(sorted(self._scope.exclusion.ids - self._found)),
        )

    def _register_groups(self) -> None:
        """Make the table `groups`: the columns of `DERIVED` for each sample on each rung, within the scope."""
        self._engine.execute("CREATE TABLE members (sample_id VARCHAR, rung INTEGER, outcome VARCHAR)")
        for part in self._ledger.tables(["sample_id", "rung", "seed", "outcome", "episode_id", "image_id"]):
            self._engine.register("part", part.filter(pc.invert(self._outside(part)[0])))
            self._engine.execute("INSERT INTO members SELECT sample_id, rung, outcome FROM part")
            self._engine.unregister("part")
        self._engine.execute(f"CREATE TABLE groups AS SELECT sample_id, rung, {derived()} FROM members GROUP BY ALL")

    def _outside(self, part: pa.Table) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
        """Which rows are out of scope, and which of these rows were taken down by name or origin."""
        ids = pa.array(sorted(self._scope.exclusion.ids), pa.string())
        named = pa.chunked_array([pa.repeat(pa.scalar(False), len(part))])
        if len(ids):
            for name in ("episode_id", "sample_id", "image_id"):
                named = pc.or_(named, pc.is_in(part.column(name), ids))
        outside, taken = named, named
        if self._scope.left_out:
            outside = pc.or_(named, pc.is_in(part.column("sample_id"), self._ids_left_out))
            taken = pc.or_(named, pc.is_in(part.column("sample_id"), self._ids_by_origin))
        within = pa.array(self._scope.within(part))
        return pc.or_(outside, pc.invert(within)), pc.and_(taken, within)

    def _decided(self, part: pa.Table, grouped: bool) -> pa.Table:
        """The rows in scope with their `table` and `reason`."""
        part = part.append_column("row", pa.array(range(len(part)), pa.int64()))
        reason = part.column("reason")
        for name, passed in self._passed(part, grouped):
            fails = pc.and_(pc.is_null(reason), pc.invert(passed))
            reason = pc.if_else(fails, pa.scalar(name), reason)
        part = part.set_column(part.schema.get_field_index("reason"), "reason", reason)
        part = part.append_column("table", self._table(part))
        outside, taken = self._outside(part)
        self._left_out += pc.sum(outside).as_py() or 0
        self._taken_down += pc.sum(pc.and_(taken, pc.is_null(reason))).as_py() or 0
        for name in ("episode_id", "sample_id", "image_id") if self._scope.exclusion.ids else ():
            self._found |= self._scope.exclusion.ids & set(part.column(name).filter(outside).to_pylist())
        return part.filter(pc.invert(outside))

    def _passed(self, part: pa.Table, grouped: bool) -> Iterator[tuple[str, pa.ChunkedArray]]:
        """For each condition, the rows that meet it."""
        if not self._conditions:
            return
        rows = "part LEFT JOIN groups USING (sample_id, rung)" if grouped else "part"
        self._engine.register("part", part)
        for condition in self._conditions:
            try:
                asked = f"SELECT (\n{condition.sql}\n) IS TRUE AS passed FROM {rows} ORDER BY row"
                yield condition.name, self._engine.sql(asked).to_arrow_table().column("passed")
            except duckdb.Error as error:
                raise ConditionError(f"{condition.name}: {one_line(error)}") from error
        self._engine.unregister("part")

    def _table(self, part: pa.Table) -> pa.ChunkedArray:
        """The table of each row. The picture alone decides about `validation`, so a picture keeps its table when the
        source grows."""
        limit = f"{round(self._share * 16**8):08x}"  # a picture's id is a hash in hex
        validation = pc.less(pc.utf8_slice_codeunits(part.column("image_id"), 0, 8), limit)
        kept = pc.if_else(validation, "validation", "train")
        ended = pc.if_else(pc.equal(part.column("outcome"), "failed"), "failures", "rejected")
        return pc.if_else(pc.is_null(part.column("reason")), kept, ended)

    def _counted(self, kept: pa.Table, start: int) -> pa.Table:
        keys = ", ".join(f'"{name}"' for name in _KEYS)
        sums = ", ".join(map(_sum, _SUMS))
        self._engine.register("kept", kept)
        counted = self._engine.sql(
            f"SELECT {keys}, count(*) AS episodes, {sums}, count_if(zooms > 0) AS zoomed, count_if(edits > 0) AS "
            f"edited, min(row) + {start} AS first, arg_min(error, row) AS message FROM kept GROUP BY ALL"
        ).to_arrow_table()
        self._engine.unregister("kept")
        return counted

    def _summed(self, counts: Sequence[pa.Table]) -> pa.Table:
        if not counts:
            counts = [self._counted(self._decided(self._ledger.schema.empty_table(), False), 0)]
        keys = ", ".join(f'"{name}"' for name in _KEYS)
        sums = ", ".join(map(_sum, ("episodes", *_SUMS, "zoomed", "edited")))
        self._engine.register("parts", pa.concat_tables(counts))
        return self._engine.sql(
            f"SELECT {keys}, {sums}, min(first) AS first, arg_min(message, first) AS message FROM parts GROUP BY ALL "
            "ORDER BY first"
        ).to_arrow_table()

    def _funnel(self, counts: pa.Table) -> Iterator[tuple[str, int]]:
        removed: dict[str, int] = {}
        for reason, episodes in zip(counts["reason"].to_pylist(), counts["episodes"].to_pylist(), strict=True):
            if reason is not None:
                removed[reason] = removed.get(reason, 0) + int(episodes)
        names = [condition.name for condition in self._conditions]
        others = sorted(removed.keys() - {*_REASONS, *names})
        yield from ((reason, removed[reason]) for reason in (*_REASONS, *others) if reason in removed)
        yield from ((name, removed.get(name, 0)) for name in names)


def _sum(name: str) -> str:
    return f"coalesce(sum({name}), 0)::{'DOUBLE' if name == 'seconds' else 'BIGINT'} AS {name}"


def _ids(ids: frozenset[str]) -> pa.Array:
    return pa.array(sorted(ids), pa.string())


def _rows_of(kept: pa.Table) -> pa.Table:
    columns = []
    for field in SELECTION:
        column = kept.column(field.name)
        columns.append(column.dictionary_encode() if field.type == _NAME else column.cast(field.type))
    return pa.Table.from_arrays(columns, schema=SELECTION)
