"""The difference of two versions, episode by episode. Reads their ledgers only."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.datasets.version import LEDGER, PublishedDataset, folder_of
from storage.files.store import Files, StoreError

_OUTCOMES = {"train": "accepted", "validation": "accepted", "rejected": "rejected", "failures": "failed"}
"""Table of a version -> what became of the episodes in it."""

_COLUMNS = pa.schema(
    [
        *(("episode_id", pa.string()), ("sample_id", pa.string()), ("rung", pa.int32())),
        *(("table", pa.string()), ("reason", pa.string()), ("error_class", pa.string())),
    ]
)


@dataclass(frozen=True, slots=True)
class Change:
    """An episode that differs. `before` and `after` are its results, e.g. "accepted", "rejected (incorrect)"; "" if a
    version lacks the episode."""

    episode_id: str
    sample_id: str
    rung: int
    before: str
    after: str


@dataclass(slots=True)
class Difference:
    """The difference of an older and a newer version.

    Attributes:
        rows: rows of each, by table: accepted, rejected, failed. Rows of the source that failed are not among them.
        came, went: number of episodes, by result.
        changed: number of episodes that both versions have, by (before, after).
        samples_came, samples_went: samples of which a version has episodes and the other has none.
        by_rung: accepted episodes of each, by rung.
        inputs: what the manifests say differently about how the versions were made: name -> (before, after).
        examples: the first episodes that differ, up to a number of each kind.
    """

    old: str
    new: str
    rows: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    came: Mapping[str, int] = field(default_factory=dict)
    went: Mapping[str, int] = field(default_factory=dict)
    changed: Mapping[tuple[str, str], int] = field(default_factory=dict)
    samples_came: int = 0
    samples_went: int = 0
    by_rung: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    inputs: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    examples: list[Change] = field(default_factory=list)


def difference(files: Files, old: PublishedDataset, new: PublishedDataset, show: int = 10) -> Difference:
    """Compare two versions of a store.

    Args:
        show: maximum examples of each kind of change.

    Raises:
        StoreError: a file is missing, damaged or cannot be read.
    """
    before, after = (_episodes(files, version) for version in (old, new))
    found = Difference(old.version, new.version)
    found.rows = {
        outcome: (_count(before, outcome), _count(after, outcome)) for outcome in dict.fromkeys(_OUTCOMES.values())
    }
    found.by_rung = _by_rung(before, after)
    found.samples_came = _only_in(after, before)
    found.samples_went = _only_in(before, after)
    found.inputs = {
        name: (old.inputs.get(name), new.inputs.get(name))
        for name in {**old.inputs, **new.inputs}
        if old.inputs.get(name) != new.inputs.get(name)
    }
    kinds = Counter[tuple[str, str]]()
    for change in _changes(before, after):
        kind = (change.before, change.after)
        kinds[kind] += 1
        if kinds[kind] <= show:
            found.examples.append(change)
    found.came = {outcome: count for (gone, outcome), count in kinds.items() if not gone}
    found.went = {outcome: count for (outcome, gone), count in kinds.items() if not gone}
    found.changed = {kind: count for kind, count in kinds.items() if all(kind)}
    return found


def _episodes(files: Files, version: PublishedDataset) -> pa.Table:
    """Every episode of a version with its outcome."""
    path = f"{folder_of(version.version)}/{LEDGER}"
    try:
        with files.open(path) as source:
            table = pq.read_table(source, columns=[*_COLUMNS.names]).cast(_COLUMNS)
        table.validate(full=True)
    except (pa.ArrowException, FileNotFoundError, ValueError) as error:
        raise StoreError(
            f"{files.locate(path)} is missing or damaged: restore it, or publish the build as another version="
        ) from error
    outcome = pc.index_in(table["table"], value_set=pa.array(_OUTCOMES))
    names = pa.array(_OUTCOMES.values()).take(outcome.combine_chunks())
    reason = pc.if_else(pc.equal(names, "failed"), pa.scalar(None, pa.string()), table["reason"])
    table = table.set_column(table.column_names.index("reason"), "reason", reason)
    return table.append_column("outcome", names)


def _count(table: pa.Table, outcome: str) -> int:
    return pc.sum(pc.equal(table["outcome"], outcome)).as_py() or 0


def _by_rung(before: pa.Table, after: pa.Table) -> dict[int, tuple[int, int]]:
    counts = []
    for table in (before, after):
        accepted = table.filter(pc.equal(table["outcome"], "accepted"))["rung"]
        counts.append({entry["values"]: entry["counts"] for entry in pc.value_counts(accepted).to_pylist()})
    return {rung: (counts[0].get(rung, 0), counts[1].get(rung, 0)) for rung in sorted({*counts[0], *counts[1]})}


def _only_in(one: pa.Table, other: pa.Table) -> int:
    mine = pc.unique(one["sample_id"])
    return len(mine.filter(pc.invert(pc.is_in(mine, value_set=pc.unique(other["sample_id"])))))


def _changes(before: pa.Table, after: pa.Table) -> Iterator[Change]:
    """Every episode that came, went, or has another outcome or reason; by rung and id."""
    joined = before.join(after, "episode_id", join_type="full outer", left_suffix="_old", right_suffix="_new")
    same = [
        pc.or_kleene(
            pc.fill_null(pc.equal(joined[f"{name}_old"], joined[f"{name}_new"]), False),
            pc.and_(pc.is_null(joined[f"{name}_old"]), pc.is_null(joined[f"{name}_new"])),
        )
        for name in ("outcome", "reason", "error_class")
    ]
    differs = pc.invert(pc.and_(pc.and_(same[0], same[1]), same[2]))
    for row in joined.filter(differs).sort_by([("rung_old", "ascending"), ("episode_id", "ascending")]).to_pylist():
        yield Change(
            row["episode_id"],
            row["sample_id_new"] or row["sample_id_old"],
            row["rung_new"] if row["rung_new"] is not None else row["rung_old"],
            _outcome(row, "old"),
            _outcome(row, "new"),
        )


def _outcome(row: Mapping[str, Any], side: str) -> str:
    outcome = row[f"outcome_{side}"]
    why = row[f"reason_{side}"] or row[f"error_class_{side}"]
    return "" if outcome is None else f"{outcome} ({why})" if why else str(outcome)
