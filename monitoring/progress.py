"""Progress on long work: a live display on a terminal, plain lines elsewhere, and the same numbers as metrics."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic
from types import TracebackType
from typing import Any, Protocol, Self, TextIO, get_args

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lensmill.redaction import redact
from lensmill.verdict import Outcome
from monitoring import logs, metrics
from monitoring.recorder import series_name

PLAIN_EVERY_S = 5.0

STILL_EVERY_S = 60.0
"""Where nothing changes, lines come ever more seldom, down to one in so many seconds."""

STALLED_S = 15.0
"""After so long without a change a terminal's live line says what is waited for, and a line about what is away is a
warning."""


class Told(Protocol):
    """Takes series of the whole job (`monitoring.export.Exports`)."""

    def tell(self, metric: metrics.Metric, value: float, *labels: object) -> None: ...


class ProgressDisplay:
    """Shows how far a stage is: episodes, accepted, rejected, failed, rate, time left.

    A plain line comes every few seconds where something has changed. Where nothing has, one line says for how long and
    what is waited for, at first after some seconds, then after twice as long each time, up to a minute.

    Args:
        stream: where to; a terminal gets a live line, anything else plain lines.
        clock: seconds, monotonic.
        kind: "json" makes every line a JSON object, with no live display.
        results: where the closing lines go; None is standard output.
    """

    def __init__(
        self,
        stream: TextIO = sys.stderr,
        clock: Callable[[], float] = monotonic,
        kind: logs.Logging = "text",
        results: TextIO | None = None,
    ) -> None:
        self._stream = stream
        self._results = results
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
        self._told: Told | None = None
        self._waits_for = self._away = ""
        self._stage = ""
        self._total = 0
        self._whole = False
        self._started = self._changed = self._printed = clock()
        self._pause = 0.0
        self._news: object = None

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

    def export_to(self, told: Told) -> None:
        """Have what is told here go to the job's metrics, too."""
        self._told = told

    def tell(self, metric: metrics.Metric, value: float, *labels: object) -> None:
        """A number of the whole job, for its metrics; no line."""
        if self._told is not None:
            self._told.tell(metric, value, *labels)

    def say(self, line: str, level: logs.Level = "info", **fields: object) -> None:
        """Print a line that stays.

        Args:
            level: "warning" for what a person should look at, "error" for what keeps the job from its end.
            fields: numbers and names of the line, as JSON values; with `logging=json` they stand beside the message.

        As text, an error begins with "error: "; the refusal of a gate keeps its "refused: ".
        """
        line = redact(line)
        if level == "error" and self._kind == "text" and not line.startswith(("error: ", "refused: ")):
            line = f"error: {line}"
        if self._live:
            self._console.print(line, markup=False, highlight=False)
        else:
            self._print(line, level, **fields)

    def result(self, line: str, level: logs.Level = "info", **fields: object) -> None:
        """Print a line of what came of the job, on standard output: of a table each line, in text only."""
        shown = logs.line_of(level, line, "json", fields=fields) if self._kind == "json" else line
        print(shown, file=self._results or sys.stdout, flush=True)

    @property
    def kind(self) -> logs.Logging:
        return self._kind

    def _print(self, line: str, level: logs.Level = "info", **fields: object) -> None:
        shown = logs.line_of(level, line, "json", fields=fields) if self._kind == "json" else line
        print(shown, file=self._stream, flush=True)

    def begin(self, stage: str, total: int, waits_for: str = "") -> None:
        """Start a stage.

        Args:
            total: of so many things; 0 where that is not known.
            waits_for: what the stage waits for while nothing changes, as a noun.
        """
        self._stage, self._total, self._waits_for = stage, total, waits_for
        self._started = self._changed = self._clock()
        self._printed, self._pause = self._started - PLAIN_EVERY_S, PLAIN_EVERY_S
        self._news, self._whole, self._away = None, False, ""
        for task in self._bar.task_ids:
            self._bar.remove_task(task)
        self._bar.add_task(stage, total=total or None, detail="")

    def planned(self, samples: int, failures: int, pictures: int = 0, at: str = "") -> None:
        """Progress of planning.

        Args:
            pictures: read so far.
            at: the row that was read last.
        """
        fields = {"samples": samples, "unreadable": failures, "pictures": pictures, "rate": self._rate(pictures)}
        if not (samples or failures):
            self._show(0, "", "nothing read yet", 0, fields)
            return
        detail = f"of {count_text(pictures, 'picture')}, {fields['rate']:.1f} pictures/s; " if pictures else ""
        detail += count_text(failures, "unreadable row") + (f"; the last: {at}" if at else "")
        joint = " " if pictures else "; "
        self._show(samples, f"sample{'' if samples == 1 else 's'}{joint}{detail}", "", (samples, failures), fields)

    def episodes(self, counts: Counter[str], earlier: int = 0) -> None:
        """Progress of episodes: counts by outcome (accepted, rejected, failed) of this run, after `earlier` ones. Those
        that another run handed back are counts too, as "earlier"."""
        earlier += counts["earlier"]
        outcomes = {name: counts[name] for name in ("accepted", "rejected", "failed")}
        made = sum(outcomes.values())
        done = min(earlier + made, self._total)  # what a worker's death had made again was counted twice
        rate = self._rate(made)
        self.tell(metrics.EPISODES_PLANNED, self._total)
        self.tell(metrics.EPISODES_REMAINING, self._total - done)
        detail = (
            f"{'now ' if earlier else ''}accepted {counts['accepted']}, rejected {counts['rejected']}, "
            f"failed {counts['failed']}, {rate:.1f} episodes/s{self._left(done, made)}"
        )
        self._note_outages(counts)
        self._show(done, detail, "", (done, *outcomes.values()), {**outcomes, "rate": rate})

    def verdicts(self, counts: Counter[str]) -> None:
        """Progress of judging: chunks, and this run's verdicts by outcome."""
        outcomes = {name: counts[name] for name in get_args(Outcome)}
        given = sum(outcomes.values())
        rate = self._rate(given)
        detail = (
            f"chunks: correct {counts['correct']}, incorrect {counts['incorrect']}, undecided {counts['undecided']}, "
            f"judge errors {counts['judge_error']}, {rate:.1f} verdicts/s"
        )
        self._note_outages(counts)
        self._show(counts["chunks"], detail, "", (counts["chunks"], given), {**outcomes, "rate": rate})

    def published(self, rows: int, pictures: int, left_out: int = 0) -> None:
        """Progress of publishing, or of counting before it: rows of any table, with so many pictures; and those of the
        total that are left out."""
        done = rows + left_out
        if self._stage == "publishing":
            self.tell(metrics.PUBLISH_ROWS_PLANNED, self._total - left_out)
            self.tell(metrics.PUBLISH_ROWS, rows)
        share = 100 * done / self._total if self._total else 0.0
        rate = self._rate(rows)
        detail = f"rows: {share:.0f} %, {count_text(pictures, 'picture')}, {rate:.1f} rows/s{self._left(done, done)}"
        fields = {"percent": round(share, 1), "pictures": pictures, "rate": rate}
        self._show(done, detail, "", (done, pictures), fields)

    def checked(self, done: int, detail: str) -> None:
        """Progress of looking through what is there."""
        self._show(done, detail, "", detail, {})

    def _note_outages(self, counts: Counter[str]) -> None:
        """The counts say what is away; that is then what the stage waits for."""
        away = [name for name in metrics.AWAITED if counts[series_name(metrics.OUTAGES, name)] > 0]
        self._away = "a worker to start" if away == ["worker"] else ""
        if away and not self._away:
            self._away = f"{' and '.join(f'the {name}' for name in away)} to be in reach again"

    def _rate(self, count: float) -> float:
        """So many a second since the stage began; of a shorter time no rate follows, and it counts as a second."""
        return round(count / max(1.0, self._clock() - self._started), 3)

    def _left(self, done: int, made: int) -> str:
        """How long the rest takes at this rate, as a part of a line."""
        seconds = self._clock() - self._started
        return f", {clock_text((self._total - done) * seconds / made)} left" if made and self._total > done else ""

    def _show(self, done: int, detail: str, instead: str, news: object, fields: Mapping[str, Any]) -> None:
        """One line of progress; `news` differs from the last time where something has changed, and `instead` is shown
        where there is nothing to count yet."""
        now = self._clock()
        if news != self._news:
            self._news, self._changed, self._pause = news, now, PLAIN_EVERY_S
            stalled = False
        else:
            stalled = now - self._changed >= (STALLED_S if self._live else PLAIN_EVERY_S)
        shown = instead or (f"{done}/{self._total} ({detail})" if self._total else f"{done} {detail}")
        awaited = self._away or self._waits_for
        waits = f"waiting for {awaited}, " if awaited else ""
        if self._live:
            text = f"{shown}; {waits}{clock_text(now - self._changed)} without a change" if stalled else shown
            for task in self._bar.task_ids:
                self._bar.update(task, completed=done, detail=text)
            return
        last = bool(self._total) and done >= self._total and not self._whole
        if not last and now - self._printed < self._pause:
            return
        self._printed, self._whole = now, self._whole or last
        seconds = round(now - self._changed, 1)
        numbers = {"stage": self._stage, "done": done, "total": self._total, **fields}
        if not stalled:
            self._print(f"{self._stage}: {shown}", **numbers)
            return
        self._pause = min(STILL_EVERY_S, 2 * self._pause)
        still = instead or (f"{done}/{self._total}" if self._total else f"{done} {detail}")
        waiting = {"waiting_for": awaited} if waits else {}
        self._print(
            f"{self._stage}: still {still}: {waits}{clock_text(seconds)} without a change",
            "warning" if seconds >= (STALLED_S if self._away else STILL_EVERY_S) else "info",
            **numbers,
            **waiting,
            unchanged_seconds=seconds,
        )


def count_text(count: int, noun: str) -> str:
    """So many of something, e.g. 1 chunk, 12 chunks, 2 trajectories."""
    if count == 1:
        return f"{count} {noun}"
    ends = noun.endswith("y") and noun[-2:-1] not in "aeiou"
    return f"{count} {noun[:-1]}ies" if ends else f"{count} {noun}s"


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
