"""The closing table: what became of the episodes, rung by rung."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO


@dataclass(slots=True)
class RungTally:
    """Counts of one rung. `tool_calls` and `seconds` are sums over its finished episodes."""

    episodes: int = 0
    accepted: int = 0
    abstained: int = 0
    turn_limits: int = 0
    wrong: int = 0
    undecided: int = 0
    failed: int = 0
    tool_calls: int = 0
    zooms: int = 0
    edits: int = 0
    seconds: float = 0.0
    judge_errors: int = 0

    def add(self, other: "RungTally") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class BuildTally:
    """What became of a version's episodes.

    Attributes:
        failures: error class -> how many failed of it, and the first message.
        unknown: ids that were to be taken down and name no row.
    """

    rungs: Mapping[int, RungTally]
    failures: Mapping[str, tuple[int, str]]
    unknown: tuple[str, ...] = ()


COLUMNS = ("rung", "episodes", "accepted", "abstained", "wrong", "undecided", "failed", "steps", "seconds")


def print_tallies(tallies: Mapping[int, RungTally], stream: TextIO) -> None:
    """The table, with a last line for all rungs; steps and seconds are means over episodes that did not fail."""
    total = RungTally()
    rows = []
    for rung, tally in sorted(tallies.items()):
        total.add(tally)
        rows.append(_cells(str(rung), tally))
    lines = [COLUMNS, *rows, _cells("all", total)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    print("", file=stream)
    for number, line in enumerate(lines):
        if number in (1, len(lines) - 1):
            print("  ".join("-" * width for width in widths), file=stream)
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)), file=stream)
    if total.turn_limits:
        print(f"{total.turn_limits} of the abstained gave no answer within their turns (turn_limit)", file=stream)
    if total.judge_errors:
        print(f"{total.judge_errors} more could not be judged (judge_error): pipelines.judge asks again", file=stream)
    print(f"{total.zooms} zooms and {total.edits} edits in {total.episodes} episodes", file=stream)


def _cells(name: str, tally: RungTally) -> tuple[str, ...]:
    finished = max(1, tally.episodes - tally.failed)
    counts = (tally.episodes, tally.accepted, tally.abstained, tally.wrong, tally.undecided, tally.failed)
    steps = (tally.tool_calls + finished) / finished
    return (name, *map(str, counts), f"{steps:.1f}", f"{tally.seconds / finished:.2f}")
