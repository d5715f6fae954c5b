"""Accuracy of agents and models at each rung, as a table and a plot.

    python -m pipelines.evaluate source=highres source.path=/data/vstar agent=zoom model=qwen2_5_vl out=out/vstar

An evaluation is a build that publishes nothing, so it resumes, stops and fails as a build does. Everything that it
reports is a query over the build's ledger.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pyarrow as pa

from actors.publishing.ledger import written_ledger
from actors.publishing.publishing import PublishSettings
from monitoring.accuracy_plot import plot
from monitoring.evaluation import Compared, Evaluated, difference_figures, figures, markdown, write_rows
from monitoring.progress import ProgressDisplay
from pipelines.build import Build
from pipelines.command import run_command
from pipelines.config import SettingsError, load
from pipelines.exit_status import ExitStatus
from pipelines.help import EVALUATE_HELP
from pipelines.recipe import FoundBuild, find_builds, find_judges
from pipelines.settings import EvaluateSettings
from storage.builds.accuracy import READ, Answers, Score, differences, within
from storage.builds.judged import JudgedBuild
from storage.builds.scope import Scope
from storage.builds.verdicts import VerdictStore
from storage.files.store import Files, StoreError

ROW = "--"
"""Begins the settings of one row of the table."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A finished build with its answers."""

    label: str
    build: str
    judge: str
    scores: Sequence[Score]
    shares: pa.Table
    failures: Counter[str]
    unreadable: int = 0

    def told(self) -> Evaluated:
        return Evaluated(self.label, self.build, self.judge, self.scores, self.failures, self.unreadable)


class Evaluation:
    """Measures finished builds, one after the other, and reports on all of them."""

    def __init__(self, display: ProgressDisplay) -> None:
        self._display = display
        self._runs: list[_Run] = []
        self._compared: list[Compared] = []

    def row(self, label: str, settings: EvaluateSettings) -> int:
        """Build and measure one row of the table; return the build's exit status.

        Raises:
            SettingsError: there is nothing to compare with; told before the build.
        """
        for wanted in settings.compare:
            _found(wanted, settings.store.open(settings.out), settings)

        def measure(done: PublishSettings, _: ProgressDisplay, stopping: Callable[[], bool]) -> int:
            run = self._measured(label, done, done.scope, settings, stopping)
            for wanted in settings.compare:
                other = self._other(wanted, done, settings, stopping)
                self._compared.append(Compared(label, wanted, differences(run.shares, other.shares)))
            if self._runs:
                first = self._runs[0]
                self._compared.append(Compared(label, first.label, differences(run.shares, first.shares)))
            self._runs.append(run)
            return ExitStatus.DONE

        return Build(settings, self._display, measure).start()

    def _measured(
        self,
        label: str,
        done: PublishSettings,
        scope: Scope,
        settings: EvaluateSettings,
        stopping: Callable[[], bool],
    ) -> _Run:
        files, build, judge = done.files, done.fingerprint, done.judge_fingerprint
        rows = self._rows(done, settings, stopping)
        held = within(rows, scope)
        if not len(held):
            raise SettingsError(f"{label}: no episode was planned on these rungs (the failures table says why)")
        with Answers(held, scope.rungs, _max_pixels(files, build)) as answers:
            failures = Counter(name for name in held["error_class"].to_pylist() if name is not None)
            unreadable = scope.source.unreadable if scope.source is not None else 0
            return _Run(label, build, judge, answers.scores(), answers.shares(), failures, unreadable)

    def _rows(self, done: PublishSettings, settings: EvaluateSettings, stopping: Callable[[], bool]) -> pa.Table:
        """The ledger's rows of a judged build, with the columns of an evaluation."""

        def show(written: int, total: int) -> None:
            if not written:
                self._display.begin("ledger", total, "episodes to be read")
            self._display.checked(written, "parts of the ledger")

        layers = JudgedBuild(done.files, done.fingerprint, done.judge_fingerprint).layers(done.chunk_ids)
        ledger = written_ledger(
            done.files,
            done.fingerprint,
            done.judge_fingerprint,
            done.chunk_ids,
            layers,
            settings.curation.measures,
            stopping,
            settings.cluster.workers,
            show,
        )
        self._display.close()
        return pa.concat_tables(ledger.tables(READ))

    def _other(
        self, wanted: str, done: PublishSettings, settings: EvaluateSettings, stopping: Callable[[], bool]
    ) -> _Run:
        """A build to compare with, as it was judged by this run's judge or by its only one.

        Raises:
            SettingsError: there is no such build, several are, or the build is not judged.
        """
        files, build = _found(wanted, done.files, settings)
        judges = find_judges(files, build)
        judge = done.judge_fingerprint if done.judge_fingerprint in judges else next(iter(judges), None)
        if judge is None or (judge != done.judge_fingerprint and len(judges) > 1):
            why = "has no verdicts yet: run it first" if judge is None else "is not judged by this run's judge"
            raise SettingsError(f"compare={wanted}: build {build} {why}")
        if judge != done.judge_fingerprint:
            self._display.say(f"compare={wanted}: its judge ({judge}) is another one than this run's", "warning")
        there, judged = JudgedBuild(files, build, judge), VerdictStore(files, build, judge).committed()
        chunk_ids = tuple(chunk_id for chunk_id in there.plan.chunk_ids() if chunk_id in judged)
        if not chunk_ids:
            raise SettingsError(f"compare={wanted}: no chunk of build {build} is judged yet: run it first")
        other = PublishSettings(files, build, judge, chunk_ids, None, settings.curation, None, "")
        return self._measured(wanted, other, Scope(), settings, stopping)

    def report(self, to: str | None) -> int:
        """Print the tables; write them and the plot into a folder. Return FAILED if a run has no answer at all.

        Raises:
            SettingsError: the folder cannot be written.
        """
        runs = [run.told() for run in self._runs]
        if self._display.kind == "json":
            for figure in figures(runs):
                self._display.result("accuracy", **figure)
            for figure in difference_figures(self._compared):
                self._display.result("difference", **figure)
        else:
            for line in markdown(runs, self._compared):
                self._display.result(line)
        if to is not None:
            try:
                _write(Path(to), runs, self._compared)
            except OSError as error:
                raise SettingsError(f"to={to}: {error.strerror or error}") from error
            self._display.say(f"the tables and the plot are in {to}", path=to)
        status = ExitStatus.DONE
        for run in runs:
            lost = sum(score.ends["failed"] + score.ends["unplanned"] for score in run.overall())
            if lost == sum(score.answers for score in run.overall()):
                self._display.say(f"{run.label}: every episode failed, so its accuracy says nothing", "error")
                status = ExitStatus.FAILED
        return status


def _found(wanted: str, files: Files, settings: EvaluateSettings) -> tuple[Files, str]:
    """The store and the fingerprint of a build to compare with."""
    place, _, beginning = wanted.partition("#")
    if "://" in place or os.sep in place or os.path.isdir(place):
        if "://" not in place and not os.path.isdir(place):
            raise SettingsError(f"compare={wanted}: there is no folder {place}")
        files = settings.store.open(place)
    else:
        beginning = place
    builds = [build.fingerprint for build in find_builds(files) if build.fingerprint.startswith(beginning)]
    if len(builds) != 1:
        listed = "; ".join(_about(build) for build in find_builds(files)) or "none"
        raise SettingsError(
            f"compare={wanted}: {'no' if not builds else 'more than one'} build fits; builds there: {listed} (name one "
            "by its fingerprint, in another store as STORE#FINGERPRINT)"
        )
    return files, builds[0]


def _about(build: FoundBuild) -> str:
    source, agent = build.recipe.get("source", {}), build.recipe.get("agent", {})
    return f"{build.fingerprint} ({source.get('name')}, {agent.get('name')})"


def _max_pixels(files: Files, build: str) -> int:
    path = f"builds/{build}/recipe.json"
    try:
        return int(json.loads(files.read(path))["ladder"]["max_pixels"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{files.locate(path)} is no recipe: restore it, or build into a new out=") from error


def _write(folder: Path, runs: Sequence[Evaluated], compared: Sequence[Compared]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with _whole(folder / "evaluation.md") as stream:
        stream.writelines(f"{line}\n" for line in markdown(runs, compared))
    with _whole(folder / "evaluation.csv") as stream:
        write_rows([*figures(runs)], stream)
    with _whole(folder / "differences.csv") as stream:
        write_rows([*difference_figures(compared)], stream)
    plot(runs, [str(folder / "evaluation.png"), str(folder / "evaluation.svg")])


@contextmanager
def _whole(path: Path) -> Iterator[TextIO]:
    """A text file that appears once it is written."""
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8", newline="") as stream:
        yield stream
    part.replace(path)


def rows_of(arguments: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """The settings for every row, and those of each row; no row where none is begun.

    Raises:
        SettingsError: a row has no settings.
    """
    rows: list[list[str]] = [[]]
    for argument in arguments:
        if argument == ROW:
            rows.append([])
        else:
            rows[-1].append(argument)
    if any(not row for row in rows[1:]):
        raise SettingsError("-- begins the settings of a row of the table: say what is special about the row after it")
    return rows[0], rows[1:]


def label_of(settings: EvaluateSettings, row: Sequence[str]) -> str:
    """A row's name: its label, what is special about it, or its agent and model."""
    if settings.label is not None:
        return settings.label
    if row:
        return " ".join(item.removeprefix("agent=").removeprefix("agent.") for item in row)
    return " ".join(name for name in (settings.agent.name, settings.model.name) if name)


def main(arguments: Sequence[str]) -> int:
    """The command; returns its exit status."""
    flags = [argument for argument in arguments if argument in ("--cfg", "--help", "-h")]
    if flags and ROW in arguments:  # they are about the settings of every row
        arguments = [*arguments[: [*arguments].index(ROW)], *flags]

    def evaluate(arguments: Sequence[str]) -> int:
        shared, rows = rows_of(arguments)
        loaded = [load("evaluate", EvaluateSettings, [*shared, *row]) for row in rows or [[]]]
        with ProgressDisplay(kind=loaded[0].logging) as display:
            evaluation = Evaluation(display)
            for row, settings in zip(rows or [[]], loaded, strict=True):
                status = evaluation.row(label_of(settings, row), settings)
                if status != ExitStatus.DONE or settings.plan_only:
                    return status
            return evaluation.report(loaded[0].to)

    return run_command("evaluate", EVALUATE_HELP, arguments, evaluate)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
