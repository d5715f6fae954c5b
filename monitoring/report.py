"""The closing table: what became of the episodes, rung by rung."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.table import Table

from monitoring.progress import clock_text


@dataclass(slots=True)
class RungTally:
    """Counts of one rung. `tool_calls` and `seconds` are sums over its finished episodes."""

    episodes: int = 0
    accepted: int = 0
    abstained: int = 0
    wrong: int = 0
    undecided: int = 0
    failed: int = 0
    tool_calls: int = 0
    zooms: int = 0
    edits: int = 0
    seconds: float = 0.0

    def add(self, other: "RungTally") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def print_tallies(tallies: Mapping[int, RungTally], stream: TextIO) -> None:
    """The table, with a last line for all rungs. Seconds are one worker's time per episode."""
    table = Table(title="Episodes by rung", title_justify="left")
    table.add_column("rung", justify="right")
    for name in ("episodes", "accepted", "abstained", "wrong", "undecided", "failed", "steps/episode", "s/episode"):
        table.add_column(name, justify="right")
    total = RungTally()
    for rung, tally in sorted(tallies.items()):
        total.add(tally)
        table.add_row(*_cells(str(rung), tally))
    table.add_section()
    table.add_row(*_cells("all", total))
    Console(file=stream, width=None if stream.isatty() else 110).print(table)
    print(
        f"{total.zooms} zooms and {total.edits} edits in {total.episodes} episodes; "
        f"{clock_text(total.seconds)} of episodes' time",
        file=stream,
    )


def _cells(name: str, tally: RungTally) -> tuple[str, ...]:
    finished = max(1, tally.episodes - tally.failed)
    counts = (tally.episodes, tally.accepted, tally.abstained, tally.wrong, tally.undecided, tally.failed)
    return (
        name,
        *map(str, counts),
        f"{(tally.tool_calls + finished) / finished:.1f}",
        f"{tally.seconds / finished:.2f}",
    )
