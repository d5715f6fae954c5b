# ruff: noqa: ARG002
"""TO BE REPLACED by the ledger's own: the same selection made from JudgedBuild, without facts."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from lensmill.curation.correct import rejection
from lensmill.curation.settings import CurationSettings
from lensmill.tools import uses_of
from monitoring.report import BuildTally, RungTally
from storage.builds.counts import CardCounts
from storage.builds.judged import JudgedBuild, JudgedEpisode
from storage.builds.scope import Scope
from storage.builds.selection import COUNTS, SELECTION, Selection


class Ledger:
    segments: tuple[Any, ...] = ()

    def __init__(self, files, fingerprint, judge, chunk_ids, layers, measures=()):  # type: ignore[no-untyped-def]
        self._build, self._chunk_ids, self._layers = JudgedBuild(files, fingerprint, judge), chunk_ids, layers

    def missing(self) -> tuple[Any, ...]:
        return ()

    def write(self, segment: Any) -> int:
        raise NotImplementedError

    def judged(self) -> Iterator[tuple[str, int, JudgedEpisode]]:
        for chunk_id in self._chunk_ids:
            for position, judged in enumerate(self._build.read(chunk_id, self._layers)):
                yield chunk_id, position, judged

    def tables(self, columns: Iterable[str] = (), rows: int = 2**18) -> Iterator[pa.Table]:
        found = [
            {
                "chunk": chunk_id,
                "position": position,
                "episode_id": judged.planned.episode_id,
                "sample_id": judged.planned.sample_id,
                "rung": judged.planned.rung,
                "error_class": None if judged.failure is None else judged.failure.error_class,
            }
            for chunk_id, position, judged in self.judged()
        ]
        if found:
            yield pa.Table.from_pylist(found)


def select(ledger: Ledger, scope: Scope, curation: CurationSettings) -> Selection:
    rows: list[dict[str, Any]] = []
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    funnel, left_out, taken_down, named = Counter[str](), 0, 0, set[str]()
    for chunk_id, position, judged in ledger.judged():
        planned, sample, trajectory, verdict = judged.planned, judged.sample, judged.trajectory, judged.verdict
        reason = "failed" if trajectory is None else rejection(sample, trajectory, verdict)  # type: ignore[arg-type]
        if not scope.holds(planned, sample.image_id):
            found = scope.named(planned, sample.image_id)
            named |= found
            left_out += 1
            taken_down += reason is None and bool(found or sample.sample_id in scope.by_origin)
            continue
        table = "failures" if trajectory is None else "rejected" if reason else "train"
        share = int(hashlib.sha256(sample.image_id.encode()).hexdigest()[:12], 16) / 2**48
        if table == "train" and share < curation.validation:
            table = "validation"
        if reason:
            funnel[reason] += 1
        images = trajectory.images if trajectory else ()
        pixels = sum(ref.frame.width * ref.frame.height for ref in images)
        rows.append(
            {
                "chunk": chunk_id,
                "position": position,
                "episode_id": planned.episode_id,
                "sample_id": planned.sample_id,
                "image_id": sample.image_id,
                "rung": planned.rung,
                "table": table,
                "reason": reason,
                "pixels": pixels,
            }
        )
        error = judged.failure.error_class if judged.failure else None
        rule = verdict.rule if verdict else None
        key = (planned.rung, table, reason, error, sample.source, sample.subset, sample.split, sample.licence,
               planned.agent, rule)  # fmt: skip
        group = groups.setdefault(
            key, dict.fromkeys(("episodes", "steps", "zooms", "edits", "zoomed", "edited", "seconds", "pictures",
                                "pixels"), 0) | {"first": len(rows) - 1,
                                                 "message": judged.failure.message if judged.failure else None}
        )  # fmt: skip
        group["episodes"] += 1
        group["pictures"] += len(images)
        group["pixels"] += pixels
        if trajectory is not None:
            uses = uses_of(trajectory)
            group["seconds"] += judged.seconds
            group["steps"] += uses.steps
            group["zooms"] += uses.zooms
            group["edits"] += uses.edits
            group["zoomed"] += uses.zooms > 0
            group["edited"] += uses.edits > 0
    names = COUNTS.names[:10]
    counts = [dict(zip(names, key, strict=True)) | group for key, group in groups.items()]
    return Selection(
        pa.Table.from_pylist(rows, schema=SELECTION),
        tuple(funnel.items()),
        pa.Table.from_pylist(counts, schema=COUNTS),
        left_out,
        taken_down,
        tuple(sorted(scope.exclusion.ids - named)),
    )


def tally_of(selection: Selection) -> BuildTally:
    rungs: dict[int, RungTally] = {}
    failures: dict[str, tuple[int, str]] = {}
    for row in selection.counts.sort_by("first").to_pylist():
        tally, count = rungs.setdefault(row["rung"], RungTally()), row["episodes"]
        tally.episodes += count
        reason = row["reason"]
        if row["table"] == "failures":
            tally.failed += count
            before, first = failures.get(row["error_class"], (0, row["message"]))
            failures[row["error_class"]] = (before + count, first)
            continue
        tally.seconds += row["seconds"]
        tally.steps += row["steps"]
        tally.zooms += row["zooms"]
        tally.edits += row["edits"]
        if reason is None:
            tally.accepted += count
            tally.zoomed += row["zoomed"]
            tally.edited += row["edited"]
        elif reason in ("abstained", "turn_limit"):
            tally.abstained += count
            tally.turn_limits += count * (reason == "turn_limit")
        elif reason == "incorrect":
            tally.wrong += count
        elif reason == "judge_error":
            tally.judge_errors += count
        elif reason == "undecided":
            tally.undecided += count
        else:
            tally.unfit[reason] += count
    return BuildTally(rungs, failures, selection.unknown, selection.taken_down)


def card_counts(selection: Selection) -> CardCounts:
    found = CardCounts()
    for row in selection.counts.to_pylist():
        rung, count = row["rung"], row["episodes"]
        if row["table"] == "failures":
            found.failed[rung] += count
            found.errors[row["error_class"]] += count
        elif row["table"] == "rejected":
            found.rejected[rung] += count
            found.reasons[row["reason"]] += count
        else:
            found.accepted[rung] += count
            found.zoomed[rung] += row["zoomed"]
            found.edited[rung] += row["edited"]
            found.steps[rung] += row["steps"]
            found.origins[(row["source"], row["subset"], row["split"], row["licence"])] += count
            found.agents[row["agent"]] += count
            found.rules[row["rule"]] += count
    return found
