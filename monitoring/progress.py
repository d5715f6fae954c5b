"""Shows the progress of long work: a live display on a terminal, plain lines elsewhere, and the same numbers as
metrics."""

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
"""Seconds between two plain lines while the numbers change."""

STILL_AFTER_S = 10.0
"""Seconds without a change after which a plain line says so."""

STILL_EVERY_S = 60.0
"""Maximum seconds between two such lines. The time between them doubles up to this."""

STALLED_S = 15.0
"""Seconds without a change after which the live line of a terminal names the reason, and after which a line about an
outage is a warning."""


class Told(Protocol):
    """Receives series of the whole job (`monitoring.export.Exports`)."""

    def tell(self, metric: metrics.Metric, value: float, *labels: object) -> None:
        """Set a gauge of the whole job."""


class ProgressDisplay:
    """Shows the progress of a stage: episodes, accepted, rejected, failed, rate, time left.

    A plain line comes every few seconds while the numbers change. Without a change, a line gives the time and the
    reason of the wait: first after `STILL_AFTER_S` seconds, then with twice the time in between, up to a minute.

    Args:
        stream: a terminal gets a live line, any other stream plain lines.
        clock: seconds, monotonic.
        kind: "json" makes every line a JSON object, without a live display.
        results: receives the closing lines; None is standard output.
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
        """Also pass numbers on to the job's metrics."""
        self._told = told

    def tell(self, metric: metrics.Metric, value: float, *labels: object) -> None:
        """Set a gauge of the whole job in its metrics; prints nothing."""
        if self._told is not None:
            self._told.tell(metric, value, *labels)

    def say(self, line: str, level: logs.Level = "info", **fields: object) -> None:
        """Print a line that stays.

        As text, an error begins with "error: "; the refusal of a gate keeps its "refused: ".

        Args:
            line: the text.
            level: "warning" if a person should look, "error" if the job cannot reach its goal.
            fields: numbers and names of the line, as JSON values; with `logging=json` they are printed next to the
                message.
        """
        line = redact(line)
        if level == "error" and self._kind == "text" and not line.startswith(("error: ", "refused: ")):
            line = f"error: {line}"
        if self._live:
            self._console.print(line, markup=False, highlight=False)
        else:
            self._print(line, level, **fields)

    def result(self, line: str, level: logs.Level = "info", **fields: object) -> None:
        """Print a line of the job's result on standard output. The lines of a table are printed in text only."""
        shown = logs.line_of(level, line, "json", fields=fields) if self._kind == "json" else line
        print(shown, file=self._results or sys.stdout, flush=True)

    @property
    def kind(self) -> logs.Logging:
        """Text or JSON."""
        return self._kind

    def _print(self, line: str, level: logs.Level = "info", **fields: object) -> None:
        shown = logs.line_of(level, line, "json", fields=fields) if self._kind == "json" else line
        print(shown, file=self._stream, flush=True)

    def begin(self, stage: str, total: int, waits_for: str = "") -> None:
        """Start a stage.

        Args:
            stage: its name.
            total: number of things to do; 0 if unknown.
            waits_for: a noun for the thing that the stage waits for while nothing changes.
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
            samples: read so far.
            failures: unreadable rows so far.
            pictures: read so far.
            at: the last row.
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
        """Progress of episodes.

        Args:
            counts: this run's episodes by outcome (accepted, rejected, failed). "earlier" counts episodes that another
                run handed back.
            earlier: episodes of earlier runs.
        """
        earlier += counts["earlier"]
        outcomes = {name: counts[name] for name in ("accepted", "rejected", "failed")}
        made = sum(outcomes.values())
        done = min(earlier + made, self._total)  # episodes that were repeated after a worker's death count twice
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
        """Progress of judging.

        Args:
            counts: chunks, and this run's verdicts by outcome.
        """
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
        """Progress of publishing, or of counting before it.

        Args:
            rows: of any table, so far.
            pictures: in these rows.
            left_out: rows of the total that are not published.
        """
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
        """Progress of a check."""
        self._show(done, detail, "", detail, {})

    def _note_outages(self, counts: Counter[str]) -> None:
        """Take the outages from the counts: they are the reason of the wait."""
        away = [name for name in metrics.AWAITED if counts[series_name(metrics.OUTAGES, name)] > 0]
        self._away = "a worker to start" if away == ["worker"] else ""
        if away and not self._away:
            self._away = f"{' and '.join(f'the {name}' for name in away)} to be reachable again"

    def _rate(self, count: float) -> float:
        """Things per second since the stage began. A time of less than a second counts as one."""
        return round(count / max(1.0, self._clock() - self._started), 3)

    def _left(self, done: int, made: int) -> str:
        """The time left at this rate, as a part of a line."""
        seconds = self._clock() - self._started
        return f", {clock_text((self._total - done) * seconds / made)} left" if made and self._total > done else ""

    def _show(self, done: int, detail: str, instead: str, news: object, fields: Mapping[str, Any]) -> None:
        """Print one line of progress, if one is due.

        Args:
            done: things done.
            detail: the rest of the line.
            instead: printed instead while there is nothing to count.
            news: a value that changes if and only if there was progress.
            fields: numbers for a JSON line.
        """
        now = self._clock()
        if news != self._news:
            self._news, self._changed, self._pause = news, now, PLAIN_EVERY_S
            stalled = False
        else:
            stalled = now - self._changed >= (STALLED_S if self._live else STILL_AFTER_S)
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
            self._pause = self._changed + STILL_AFTER_S - now
            self._print(f"{self._stage}: {shown}", **numbers)
            return
        self._pause = min(STILL_EVERY_S, 2 * max(STILL_AFTER_S, self._pause))
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
    """A number and its noun, e.g. 1 chunk, 12 chunks, 2 trajectories."""
    if count == 1:
        return f"{count} {noun}"
    ends = noun.endswith("y") and noun[-2:-1] not in "aeiou"
    return f"{count} {noun[:-1]}ies" if ends else f"{count} {noun}s"


def clock_text(seconds: float) -> str:
    """Seconds for people, e.g. 42 s, 3:07 min, 2:15 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def size_text(size: float) -> str:
    """Bytes for people, e.g. 1.5 kB."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
