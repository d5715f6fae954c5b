"""The results of an evaluation as Markdown and CSV."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

from lensmill.statistics import Interval
from storage.builds.accuracy import COSTS, ENDS, Difference, Score

NONE = "-"
"""In place of a figure that does not exist, e.g. the interval of a single picture."""

_HEADINGS = (
    *("run", "rung", "subset", "answers", "pictures", "accuracy", "95 % interval", "of answered", "95 % interval"),
    *("abstained", "undecided", "failed", "same view", "image tokens", "prompt tokens", "reply tokens", "seconds"),
    "zooms",
)
_DIFFERENCES = (
    *("run", "less", "rung", "subset", "questions", "difference", "95 % interval", "only the first right"),
    *("only the second right", "p (McNemar)"),
)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The result of one run.

    Attributes:
        label: for tables and the plot.
        build, judge: fingerprints.
        scores: by rung and subset; see `storage.builds.accuracy.Answers.scores`.
        failures: failed episodes by class.
        unreadable: rows of the source that could not become a sample. They are in no score.
    """

    label: str
    build: str
    judge: str
    scores: Sequence[Score]
    failures: Mapping[str, int] = field(default_factory=dict)
    unreadable: int = 0

    def overall(self) -> Sequence[Score]:
        """The scores of all subsets together, by rung."""
        return [score for score in self.scores if score.subset is None]


@dataclass(frozen=True, slots=True)
class Compared:
    """The differences of two runs. `first`, `second`: their labels."""

    first: str
    second: str
    differences: Sequence[Difference]


def markdown(runs: Sequence[Evaluated], compared: Sequence[Compared]) -> Iterator[str]:
    """The lines of the report: accuracy by rung, everything by rung and subset, differences, and notes."""
    rungs = sorted({score.rung for run in runs for score in run.scores})
    yield from ("# Accuracy in percent, with its 95 % interval", "")
    summary = [[run.label, *_by_rung(run, rungs)] for run in runs]
    yield from _table(["run", *map(str, rungs)], summary, left=1)
    yield from ("", "# By rung and subset", "")
    yield from _table(_HEADINGS, [_cells(run.label, score) for run in runs for score in run.scores], left=1)
    if compared:
        yield from ("", "# Differences on the same questions, in percentage points", "")
        yield from _table(_DIFFERENCES, [cells for pair in compared for cells in _difference_cells(pair)], left=2)
    yield from ("", "# Notes", "")
    yield from _notes(runs, compared)


def _by_rung(run: Evaluated, rungs: Sequence[int]) -> list[str]:
    found = {score.rung: score for score in run.overall()}
    return [
        f"{_percent(found[rung].accuracy)} {_interval(found[rung].interval)}" if rung in found else NONE
        for rung in rungs
    ]


def _cells(label: str, score: Score) -> list[str]:
    ends, costs = score.ends, score.costs
    return [
        *(label, str(score.rung), score.subset or ("(all)" if score.subset is None else NONE)),
        *(str(score.answers), str(score.pictures), _percent(score.accuracy), _interval(score.interval)),
        *(_percent(score.of_answered), _interval(score.of_answered_interval)),
        *(str(ends["abstained"]), str(ends["undecided"] + ends["judge_error"])),
        *(str(ends["failed"] + ends["unplanned"]), str(score.carried)),
        *(_figure(costs[name], 0) for name in ("image_tokens", "prompt_tokens", "completion_tokens")),
        *(_figure(costs["seconds"], 2), _figure(costs["zooms"], 2)),
    ]


def _difference_cells(pair: Compared) -> Iterator[list[str]]:
    for difference in pair.differences:
        found = difference.paired
        yield [
            *(pair.first, pair.second, str(difference.rung), difference.subset or "(all)", str(found.count)),
            *(f"{100 * found.difference:+.1f}", _interval(found.interval)),
            *(str(found.first_only), str(found.second_only), f"{found.p:.2g}"),
        ]


def _notes(runs: Sequence[Evaluated], compared: Sequence[Compared]) -> Iterator[str]:
    yield (
        "- Accuracy: correct of all answers; an abstention, an undecided answer and a failure are not correct. Of "
        "answered: correct of correct and incorrect."
    )
    yield (
        "- Intervals: Wilson's, with the picture as the unit; differences: bootstrap over pictures. "
        f"{NONE}: fewer than two pictures."
    )
    yield "- Same view: answers of a lower rung that shows every pixel of the picture; a higher rung shows no more."
    for run in runs:
        yield f"- {run.label}: build {run.build}, judge {run.judge}"
        for score in run.scores:
            if score.ends["unplanned"] and score.subset is None:
                yield (
                    f"- {run.label}: {score.ends['unplanned']} questions could not be planned on rung {score.rung} and "
                    "count as failed (see the failures table)"
                )
            if score.rotated:
                where = f"rung {score.rung}" + (f", {score.subset}" if score.subset else "")
                yield (
                    f"- {run.label}: {where}: {score.rotated} questions were asked with their options in several "
                    f"orders; {_percent(score.all_right / score.rotated)} % are right in every order"
                )
        for name, count in sorted(run.failures.items(), key=lambda item: (-item[1], item[0])):
            yield f"- {run.label}: {count} failed of {name}"
        if run.unreadable:
            yield f"- {run.label}: {run.unreadable} rows of the source could not be read and are in no figure"
    for pair in compared:
        if not pair.differences:
            yield f"- {pair.first} and {pair.second} have no question on the same rung in common"


def figures(runs: Sequence[Evaluated]) -> Iterator[dict[str, Any]]:
    """Each score as one flat row, for CSV and JSON."""
    for run in runs:
        for score in run.scores:
            yield {
                "run": run.label,
                "build": run.build,
                "judge": run.judge,
                "rung": score.rung,
                "subset": score.subset,
                "answers": score.answers,
                "pictures": score.pictures,
                **_bounds("accuracy", score.accuracy, score.interval),
                **_bounds("of_answered", score.of_answered, score.of_answered_interval),
                **{end: score.ends[end] for end in ENDS},
                "same_view": score.carried,
                "rotated": score.rotated,
                "all_right": score.all_right,
                **{name: score.costs[name] for name in COSTS},
            }


def difference_figures(compared: Sequence[Compared]) -> Iterator[dict[str, Any]]:
    """Each difference as one flat row."""
    for pair in compared:
        for difference in pair.differences:
            found = difference.paired
            yield {
                "run": pair.first,
                "less": pair.second,
                "rung": difference.rung,
                "subset": difference.subset,
                "questions": found.count,
                **_bounds("difference", found.difference, found.interval),
                "first_only": found.first_only,
                "second_only": found.second_only,
                "p": found.p,
            }


def write_rows(rows: Sequence[Mapping[str, Any]], stream: TextIO) -> None:
    """Rows as CSV, with a line of names; an empty cell is a figure that does not exist."""
    if rows:
        writer = csv.DictWriter(stream, [*rows[0]], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _bounds(name: str, value: float | None, interval: Interval | None) -> dict[str, float | None]:
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{100 * share:.1f}"


def _interval(interval: Interval | None) -> str:
    return NONE if interval is None else f"[{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def _figure(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:.{digits}f}"


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> Iterator[str]:
    """A Markdown table; all columns but the first `left` are aligned to the right."""
    lines = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in (headings, *rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(headings))]
    rule = ["-" * width if at < left else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    for number, line in enumerate(lines):
        cells = (
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield f"| {' | '.join(rule)} |"
