"""Progress on long work: a live display on a terminal, plain lines elsewhere."""

import sys
from collections import Counter
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self, TextIO, get_args

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lensmill.redaction import redact
from lensmill.verdict import Outcome
from monitoring import logs

PLAIN_EVERY_S = 5.0


class ProgressDisplay:
    """Shows how far a stage is: episodes, accepted, rejected, failed, rate, time left.

    Args:
        stream: where to; a terminal gets a live line, anything else a plain line every few seconds.
        clock: seconds, monotonic.
        kind: "json" makes every line a JSON object, with no live display.
    """

    def __init__(
        self, stream: TextIO = sys.stderr, clock: Callable[[], float] = monotonic, kind: logs.Logging = "text"
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._kind = kind
        self._live = stream.isatty() and kind == "text"
        self._console = Console(file=stream)
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._printed = -PLAIN_EVERY_S
        self._stage = ""
        self._total = 0
        self._whole = False
        self._started = clock()

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the live line, before anything else is printed."""
        if self._live:
            self._bar.stop()

    def say(self, line: str, level: logs.Level = "info", **fields: object) -> None:
        """Print a line that stays.

        Args:
            level: "warning" for what a person should look at, "error" for what keeps the job from its end.
            fields: numbers and names of the line, as JSON values; with `logging=json` they stand beside the message.
        """
        line = redact(line)
        if self._live:
            self._console.print(line, markup=False, highlight=False)
        else:
            self._print(line, level, **fields)

    def _print(self, line: str, level: logs.Level = "info", **fields: object) -> None:
        shown = logs.line_of(level, line, "json", fields=fields) if self._kind == "json" else line
        print(shown, file=self._stream, flush=True)

    def begin(self, stage: str, total: int) -> None:
        """Start a stage of `total` things (0 where that is not known)."""
        self._stage, self._total, self._started = stage, total, self._clock()
        self._printed, self._whole = self._started - PLAIN_EVERY_S, False
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._bar.add_task(stage, total=total or None, detail="")

    def planned(self, samples: int, failures: int) -> None:
        """Progress of planning."""
        self._show(samples, f"samples; {count_text(failures, 'unreadable row')}")

    def episodes(self, counts: Counter[str], earlier: int = 0) -> None:
        """Progress of episodes: counts by outcome (accepted, rejected, failed) of this run, after `earlier` ones. Those
        that another run handed back are counts too, as "earlier"."""
        earlier += counts["earlier"]
        made = counts["accepted"] + counts["rejected"] + counts["failed"]
        done = min(earlier + made, self._total)  # what a worker's death had made again was counted twice
        seconds = max(1e-9, self._clock() - self._started)
        rate = made / seconds
        left = f", {clock_text((self._total - done) / rate)} left" if made and self._total > done else ""
        detail = (
            f"{'now ' if earlier else ''}accepted {counts['accepted']}, rejected {counts['rejected']}, "
            f"failed {counts['failed']}, {rate:.1f} episodes/s{left}"
        )
        self._show(done, detail)

    def verdicts(self, counts: Counter[str]) -> None:
        """Progress of judging: chunks, and this run's verdicts by outcome."""
        given = sum(counts[outcome] for outcome in get_args(Outcome))
        rate = given / max(1e-9, self._clock() - self._started)
        detail = (
            f"chunks: correct {counts['correct']}, incorrect {counts['incorrect']}, undecided {counts['undecided']}, "
            f"judge errors {counts['judge_error']}, {rate:.1f} verdicts/s"
        )
        self._show(counts["chunks"], detail)

    def checked(self, done: int, detail: str) -> None:
        """Progress of looking through what is there."""
        self._show(done, detail)

    def _show(self, done: int, detail: str) -> None:
        shown = f"{done}/{self._total} ({detail})" if self._total else f"{done} {detail}"
        if self._live:
            for task in self._bar.task_ids:
                self._bar.update(task, completed=done, detail=shown)
            return
        now = self._clock()
        last = bool(self._total) and done >= self._total and not self._whole
        if last or now - self._printed >= PLAIN_EVERY_S:
            self._printed, self._whole = now, self._whole or last
            self._print(f"{self._stage}: {shown}")


def count_text(count: int, noun: str) -> str:
    """So many of something, e.g. 1 chunk, 12 chunks."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def clock_text(seconds: float) -> str:
    """Seconds as people read them, e.g. 42 s, 3:07 min, 2:15 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def size_text(size: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
