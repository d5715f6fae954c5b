"""The closing table: the results of the episodes, rung by rung, as text and as JSON values."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitoring.progress import count_text


@dataclass(slots=True)
class RungTally:
    """Counts of one rung, in episodes.

    Attributes:
        abstained: without an answer; `turn_limits` of these ran out of turns.
        steps, zooms, edits: sums over the finished episodes (those that did not fail), as `lensmill.tools.uses_of`
            counts them.
        zoomed, edited: accepted episodes with at least one zoom, or edit.
        seconds: sum over the finished episodes.
        unfit: episodes that must not be trained on, by reason.
        filtered: episodes that a condition of curation removed, by its name.
    """

    episodes: int = 0
    accepted: int = 0
    abstained: int = 0
    turn_limits: int = 0
    wrong: int = 0
    undecided: int = 0
    judge_errors: int = 0
    failed: int = 0
    steps: int = 0
    zooms: int = 0
    edits: int = 0
    zoomed: int = 0
    edited: int = 0
    seconds: float = 0.0
    unfit: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)

    @property
    def finished(self) -> int:
        """Episodes that did not fail."""
        return self.episodes - self.failed

    def add(self, other: "RungTally") -> None:
        """Add the counts of another tally."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def fields(self) -> dict[str, Any]:
        """The counts as JSON values."""
        counters = {"unfit": dict(self.unfit), "filtered": dict(self.filtered)}
        return {**{name: getattr(self, name) for name in self.__slots__}, **counters}


@dataclass(frozen=True, slots=True)
class BuildTally:
    """The results of a version's episodes.

    Attributes:
        failures: error class -> number of failed episodes, and the first message.
        unknown: ids in `exclude=` that name no row.
        taken_down: accepted episodes that were taken down by name.
    """

    rungs: Mapping[int, RungTally]
    failures: Mapping[str, tuple[int, str]]
    unknown: tuple[str, ...] = ()
    taken_down: int = 0

    @property
    def total(self) -> RungTally:
        """Over all rungs."""
        total = RungTally()
        for tally in self.rungs.values():
            total.add(tally)
        return total

    def fields(self) -> dict[str, Any]:
        """The table as JSON values: the sums by rung, and those of all rungs."""
        rungs = [{"rung": rung, **tally.fields()} for rung, tally in sorted(self.rungs.items())]
        return {"rungs": rungs, "all": self.total.fields()}


COLUMNS = ("rung", "episodes", "accepted", "abstained", "wrong", "undecided", "failed", "steps", "seconds")


def table_lines(tally: BuildTally) -> Iterator[str]:
    """The table, with a last line for all rungs; steps and seconds are means over episodes that did not fail."""
    total = tally.total
    rows = [_cells(str(rung), counts) for rung, counts in sorted(tally.rungs.items())]
    lines = [COLUMNS, *rows, _cells("all", total)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    yield ""
    for number, line in enumerate(lines):
        if number in (1, len(lines) - 1):
            yield "  ".join("-" * width for width in widths)
        yield "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
    if total.turn_limits:
        yield f"{total.turn_limits} of the abstained gave no answer within their turns (turn_limit)"
    if total.unfit:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(total.unfit.items()))
        yield f"{total.unfit.total()} more hold what must not be trained on ({reasons})"
    if total.filtered:
        names = ", ".join(f"{name} {count}" for name, count in sorted(total.filtered.items()))
        yield f"{total.filtered.total()} more were removed by the conditions of curation ({names})"
    if total.judge_errors:
        yield f"{total.judge_errors} more could not be judged (judge_error): pipelines.judge asks again"
    zooms, edits = count_text(total.zooms, "zoom"), count_text(total.edits, "edit")
    yield f"{zooms} and {edits} in {count_text(total.finished, 'finished episode')}"
    yield f"of {total.accepted} accepted, {total.zoomed} zoomed and {total.edited} edited"


def _cells(name: str, tally: RungTally) -> tuple[str, ...]:
    counts = (tally.episodes, tally.accepted, tally.abstained, tally.wrong, tally.undecided, tally.failed)
    if not tally.finished:
        return (name, *map(str, counts), "-", "-")
    return (name, *map(str, counts), f"{tally.steps / tally.finished:.1f}", f"{tally.seconds / tally.finished:.2f}")
