"""Accuracy as a query over the ledger: what became of every question at every rung, by subset.

A rung that the ladder skips for a picture, because a lower rung shows every pixel, counts with the answer of that lower
rung: the view is the same. So every rung is about the same questions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lensmill.statistics import Cluster, Interval, Paired, Pairs, accuracy, accuracy_interval, paired
from storage.builds.scope import Scope
from storage.builds.sql import connect

READ = (
    *("episode_id", "sample_id", "image_id", "rung", "seed", "subset", "question", "reference", "choices"),
    *("outcome", "stop", "error_class", "seconds", "prompt_tokens", "completion_tokens", "image_tokens", "zooms"),
    *("original_width", "original_height"),
)
"""Columns of the ledger that an evaluation reads."""

ENDS = ("correct", "incorrect", "abstained", "undecided", "judge_error", "failed", "unplanned")
"""What may become of a question. `abstained`: no answer, also for want of turns. `unplanned`: no episode, because the
planner refused the question on this rung (e.g. the view does not fit into the model's context)."""

COSTS = ("image_tokens", "prompt_tokens", "completion_tokens", "seconds", "zooms")
"""Means over the episodes that did not fail; None where no episode has the fact."""

_ANSWERS = """
CREATE TABLE answers AS
WITH asked AS (
    SELECT sample_id, seed, any_value(image_id) AS image_id, coalesce(any_value(subset), '') AS subset,
        any_value(question) AS question, any_value(reference) AS reference, any_value(choices) AS choices,
        any_value(original_width::BIGINT * original_height) AS whole
    FROM rows GROUP BY sample_id, seed
),
grid AS (SELECT asked.*, ladder.rung FROM asked CROSS JOIN ladder),
found AS (
    SELECT grid.*, rows.* EXCLUDE (sample_id, seed, image_id, subset, question, reference, choices, rung),
        coalesce(rows.rung = grid.rung OR rows.rung * rows.rung >= least(whole, $most), false) AS planned,
        rows.rung < grid.rung AS lower
    FROM grid ASOF LEFT JOIN rows
    ON grid.sample_id = rows.sample_id AND grid.seed = rows.seed AND grid.rung >= rows.rung
)
SELECT sample_id, seed, image_id, subset, question, reference, choices, rung, planned AND lower AS carried,
    CASE WHEN NOT planned THEN 'unplanned' WHEN outcome = 'failed' THEN 'failed'
        WHEN stop <> 'answered' THEN 'abstained' ELSE outcome END AS ending,
    CASE WHEN planned AND outcome <> 'failed'
        THEN [image_tokens, prompt_tokens, completion_tokens, seconds, zooms]::DOUBLE[] END AS facts
FROM found
"""

_BY_PICTURE = """
SELECT rung, subset, image_id, count(*) AS answers, {ends}, sum(carried::INT) AS carried, {costs}
FROM answers GROUP BY GROUPING SETS ((rung, image_id), (rung, subset, image_id)) ORDER BY ALL
"""

_ROTATED = """
WITH grouped AS (
    SELECT rung, subset, bool_and(ending = 'correct') AS all_right FROM answers WHERE choices > 1
    GROUP BY rung, subset, seed, image_id, question, reference, choices HAVING count(*) > 1
)
SELECT rung, subset, count(*), sum(all_right::INT) FROM grouped GROUP BY GROUPING SETS ((rung), (rung, subset))
"""

_PAIRS = """
WITH one AS (SELECT * FROM first_run), other AS (SELECT * FROM second_run)
SELECT rung, subset, one.image_id, count(*), sum(one.share - other.share),
    sum((one.share > other.share)::INT), sum((one.share < other.share)::INT)
FROM one JOIN other USING (sample_id, rung)
GROUP BY GROUPING SETS ((rung, one.image_id), (rung, subset, one.image_id)) ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Score:
    """How a run did on one rung.

    Attributes:
        subset: of the source; None for all of them.
        answers: questions times seeds; each is in `ends` once.
        pictures: that the questions are about.
        ends: number of answers by `ENDS`.
        carried: answers that count from a lower rung, which shows every pixel.
        accuracy: correct of all answers, whatever became of them.
        of_answered: correct of the correct and the incorrect ones; None without any.
        costs: by `COSTS`.
        rotated, all_right: questions that were asked with their options in several orders, and how many of them are
            right in each order.
    """

    rung: int
    subset: str | None
    answers: int
    pictures: int
    ends: Mapping[str, int]
    carried: int
    accuracy: float
    interval: Interval | None
    of_answered: float | None
    of_answered_interval: Interval | None
    costs: Mapping[str, float | None]
    rotated: int = 0
    all_right: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """Two runs on the questions of one rung that both were asked."""

    rung: int
    subset: str | None
    paired: Paired


@dataclass(frozen=True, slots=True)
class _Picture:
    answers: int
    ends: Mapping[str, int]
    carried: int
    costs: Mapping[str, tuple[float, int]] = field(default_factory=dict)


class Answers:
    """Every answer of a run: what became of each question on each rung, for each seed. A context manager.

    Args:
        rows: columns `READ`, one row an episode.
        rungs: to report; None takes those of the rows.
        max_pixels: of a picture, from the ladder of the recipe.
    """

    def __init__(self, rows: pa.Table, rungs: Sequence[int] | None, max_pixels: int) -> None:
        ladder = pa.table({"rung": pa.array(sorted(set(rungs or pc.unique(rows["rung"]).to_pylist())), pa.int64())})
        wide = rows.set_column(rows.schema.get_field_index("rung"), "rung", rows["rung"].cast(pa.int64()))
        self._engine = connect()
        self._engine.register("rows", wide)
        self._engine.register("ladder", ladder)
        self._engine.execute(_ANSWERS, {"most": max_pixels})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.close()

    def scores(self) -> list[Score]:
        """By rung; of a rung first all questions, then each subset by name, where there are several."""
        groups: dict[tuple[int, str | None], list[_Picture]] = {}
        for row in self._by_picture():
            groups.setdefault((row["rung"], row["subset"]), []).append(_picture(row))
        rotated = {(rung, subset): counts for rung, subset, *counts in self._engine.execute(_ROTATED).fetchall()}
        several = len({subset for _, subset in groups}) > 2
        wanted = [key for key in groups if key[1] is None or several]
        ordered = sorted(wanted, key=lambda key: (key[0], key[1] is not None, key[1] or ""))
        return [_score(*key, groups[key], *rotated.get(key, (0, 0))) for key in ordered]

    def _by_picture(self) -> Iterator[dict[str, Any]]:
        ends = ", ".join(f"sum((ending = '{end}')::INT) AS {end}" for end in ENDS)
        costs = ", ".join(
            f"sum(facts[{place}]) AS {name}, count(facts[{place}]) AS {name}_count"
            for place, name in enumerate(COSTS, 1)
        )
        answer = self._engine.execute(_BY_PICTURE.format(ends=ends, costs=costs))
        names = [column[0] for column in answer.description or ()]
        while rows := answer.fetchmany(4096):
            yield from (dict(zip(names, row, strict=True)) for row in rows)

    def shares(self) -> pa.Table:
        """The share of right answers of each question on each rung, over its seeds."""
        sql = (
            "SELECT sample_id, rung, any_value(image_id) AS image_id, any_value(subset) AS subset, "
            "avg((ending = 'correct')::INT) AS share FROM answers GROUP BY sample_id, rung"
        )
        return self._engine.sql(sql).to_arrow_table()


def differences(first: pa.Table, second: pa.Table) -> list[Difference]:
    """What the first run has right more often than the second, on the same questions and rungs (`Answers.shares`).

    Ordered as `Answers.scores`; empty if the runs have no question in common.
    """
    groups: dict[tuple[int, str | None], list[Pairs]] = {}
    with connect() as engine:
        engine.register("first_run", first)
        engine.register("second_run", second.select(["sample_id", "rung", "share"]))
        for rung, subset, _, count, difference, one, other in engine.execute(_PAIRS).fetchall():
            groups.setdefault((rung, subset), []).append(Pairs(count, difference, int(one), int(other)))
    several = len({subset for _, subset in groups}) > 2
    wanted = [key for key in groups if key[1] is None or several]
    ordered = sorted(wanted, key=lambda key: (key[0], key[1] is not None, key[1] or ""))
    found = ((key, paired(groups[key])) for key in ordered)
    return [Difference(*key, difference) for key, difference in found if difference is not None]


def within(rows: pa.Table, scope: Scope) -> pa.Table:
    """The rows of a run's scope."""
    held = scope.within(rows)
    for column, names in (
        ("sample_id", scope.left_out | scope.exclusion.ids),
        ("episode_id", scope.exclusion.ids),
        ("image_id", scope.exclusion.ids),
    ):
        if names:
            named = pc.is_in(rows[column].cast(pa.string()), value_set=pa.array(sorted(names), pa.string()))
            held &= ~np.asarray(named)
    return rows.filter(pa.array(held))


def _picture(row: Mapping[str, Any]) -> _Picture:
    costs = {name: (float(row[name] or 0), int(row[f"{name}_count"])) for name in COSTS}
    return _Picture(row["answers"], {end: int(row[end]) for end in ENDS}, int(row["carried"]), costs)


def _score(rung: int, subset: str | None, pictures: Sequence[_Picture], rotated: int, all_right: int) -> Score:
    every = [Cluster(picture.answers, picture.ends["correct"]) for picture in pictures]
    decided = [
        Cluster(picture.ends["correct"] + picture.ends["incorrect"], picture.ends["correct"]) for picture in pictures
    ]
    decided = [cluster for cluster in decided if cluster.answers]
    sums = {
        name: [sum(part) for part in zip(*(picture.costs[name] for picture in pictures), strict=True)] for name in COSTS
    }
    share = accuracy(every)
    assert share is not None
    return Score(
        rung,
        subset,
        sum(picture.answers for picture in pictures),
        len(pictures),
        {end: sum(picture.ends[end] for picture in pictures) for end in ENDS},
        sum(picture.carried for picture in pictures),
        share,
        accuracy_interval(every),
        accuracy(decided),
        accuracy_interval(decided),
        {name: total / count if count else None for name, (total, count) in sums.items()},
        rotated,
        int(all_right),
    )
