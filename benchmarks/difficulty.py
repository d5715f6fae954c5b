"""The reader's accuracy on synthetic charts over five settings of each knob of difficulty.

    python -m benchmarks.difficulty [--pictures 10] [--questions 6] [--knobs clutter steps] [--to docs/difficulty]

Prints a Markdown table and, with `--to`, writes a plot (.svg). Every setting has the same number of charts of one
seed; all other knobs have their defaults. The reader's OCR, chart geometry and rules read each chart once, in its view
at one rung, and answer all its questions from that reading, as `benchmarks.reader_chartqa` does: no zoom, and no check
of the evidence's legibility. The answer rules judge. "right" is the share of all questions, with its 95 % interval;
abstentions and wrong answers count against it.
"""

import argparse
import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from lensmill.agents.reader.charts import SURE
from lensmill.agents.reader.questions import ChartAnswer, answer_from_chart
from lensmill.agents.reader.sheet import read_picture
from lensmill.judging.rules import judge_answer
from lensmill.perception.reading import read_chart
from lensmill.perception.text import shared_reader
from lensmill.picture import draw_view
from lensmill.statistics import LEVEL, Cluster, accuracy_interval
from storage.sources.synthetic.difficulty import PLAIN, Difficulty
from storage.sources.synthetic.harder import illustrate_hard_chart

KNOBS: Mapping[str, Sequence[Difficulty]] = {
    "clutter": [replace(PLAIN, clutter=count) for count in (0, 6, 12, 24, 48)],
    "print_size": [replace(PLAIN, print_size=share) for share in (1.0, 0.7, 0.5, 0.4, 0.3)],
    "series": [replace(PLAIN, series=count) for count in (1, 2, 4, 6, 8)],
    "distractors": [replace(PLAIN, distractors=count) for count in (0, 1, 3, 5, 8)],
    "steps": [replace(PLAIN, steps=count) for count in (1, 2, 3, 4, 5)],
}
"""Five settings of each knob, the easiest first."""

SIDE, RUNG = 1344, 896
"""The pictures' longer side, and the side of the view that is read, in pixels."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The answers about one picture."""

    right: int = 0
    wrong: int = 0
    abstained: int = 0

    @property
    def asked(self) -> int:
        """Number of questions."""
        return self.right + self.wrong + self.abstained


def read(index: int, difficulty: Difficulty, seed: int, questions: int) -> Counts:
    """Read one chart, and answer its questions."""
    illustration = illustrate_hard_chart(seed, index, questions, SIDE, difficulty)
    view = draw_view(Image.open(io.BytesIO(illustration.png)).convert("RGB"), RUNG)
    seen = read_picture(shared_reader(), view, 0, (illustration.width, illustration.height))
    chart = read_chart([view], [one.line for one in seen if one.score >= SURE])
    counts = Counts()
    for question in illustration.questions:
        found = answer_from_chart(question.text, chart)
        if not isinstance(found, ChartAnswer) or (question.choices and found.answer not in question.choices):
            counts = replace(counts, abstained=counts.abstained + 1)
            continue
        verdict = judge_answer(found.answer, question.answers, question=question.text, choices=question.choices)
        if verdict.outcome == "correct":
            counts = replace(counts, right=counts.right + 1)
        else:
            counts = replace(counts, wrong=counts.wrong + 1)
    return counts


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one setting of a knob. Shares are of all questions."""

    knob: str
    setting: float
    pictures: tuple[Counts, ...]

    @property
    def asked(self) -> int:
        """Number of questions."""
        return sum(counts.asked for counts in self.pictures)

    def share(self, what: str) -> float:
        """The share of questions that are `right`, `wrong` or `abstained`."""
        return sum(int(getattr(counts, what)) for counts in self.pictures) / self.asked

    @property
    def bounds(self) -> tuple[float, float]:
        """The interval of the share of right answers."""
        found = accuracy_interval([Cluster(counts.asked, counts.right) for counts in self.pictures])
        return (0.0, 1.0) if found is None else (found.low, found.high)


def table(points: Sequence[Point]) -> str:
    """The figures as a table in Markdown."""
    lines = [
        f"| knob | setting | questions | right | {LEVEL:.0%} interval | wrong | abstained |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for point in points:
        low, high = point.bounds
        lines.append(
            f"| {point.knob} | {point.setting:g} | {point.asked} | {100 * point.share('right'):.0f} "
            f"| [{100 * low:.0f}, {100 * high:.0f}] | {100 * point.share('wrong'):.0f} "
            f"| {100 * point.share('abstained'):.0f} |"
        )
    return "\n".join(lines)


def rises(points: Sequence[Point]) -> list[str]:
    """Where accuracy rises from a setting to a harder one."""
    found = []
    for before, after in pairwise(points):
        gain = after.share("right") - before.share("right")
        if before.knob == after.knob and gain > 0:
            found.append(f"{before.knob}: {before.setting:g} -> {after.setting:g}: +{100 * gain:.0f} points")
    return found


def plot(points: Sequence[Point], path: Path) -> None:
    """Draw accuracy against each knob, the easiest setting on the left, into an SVG file."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    knobs = list(dict.fromkeys(point.knob for point in points))
    with mpl.rc_context({"svg.hashsalt": "lensmill", "svg.fonttype": "none"}):  # the same figures, the same file
        figure = Figure(figsize=(2.3 * len(knobs), 2.8), layout="constrained")
        FigureCanvasSVG(figure)
        for place, knob in enumerate(knobs, start=1):
            axes = figure.add_subplot(1, len(knobs), place)
            shown = [point for point in points if point.knob == knob]
            shares = [100 * point.share("right") for point in shown]
            below = [share - 100 * point.bounds[0] for share, point in zip(shares, shown, strict=True)]
            above = [100 * point.bounds[1] - share for share, point in zip(shares, shown, strict=True)]
            axes.errorbar(range(len(shown)), shares, yerr=[below, above], marker="o", markersize=4, capsize=3)
            axes.plot(range(len(shown)), [100 * point.share("wrong") for point in shown], "x--", color="#D55E00")
            axes.set_xticks(range(len(shown)), [f"{point.setting:g}" for point in shown])
            axes.set_xlabel(knob.replace("_", " "))
            axes.set_ylim(-2, 102)
            axes.grid(alpha=0.3)
            if place == 1:
                axes.set_ylabel("right (line), wrong (dashes), %")
        figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=10, help="charts a setting")
    parser.add_argument("--questions", type=int, default=6, help="questions a chart")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--knobs", nargs="*", choices=list(KNOBS), default=list(KNOBS))
    parser.add_argument("--to", type=Path, default=None, help="file of the plot, without its ending")
    options = parser.parse_args()
    points: list[Point] = []
    measured: dict[Difficulty, tuple[Counts, ...]] = {}
    with ProcessPoolExecutor(options.workers, get_context("forkserver")) as pool:
        for knob in options.knobs:
            for difficulty in KNOBS[knob]:
                if difficulty not in measured:  # several knobs share the default
                    one = partial(read, difficulty=difficulty, seed=options.seed, questions=options.questions)
                    measured[difficulty] = tuple(pool.map(one, range(options.pictures)))
                points.append(Point(knob, getattr(difficulty, knob), measured[difficulty]))
                print(table(points[-1:]).splitlines()[-1], flush=True)
    print("\n" + table(points))
    print("\n".join(["", "Accuracy rises with difficulty at:", *rises(points)]))
    if options.to is not None:
        plot(points, options.to.with_suffix(".svg"))


if __name__ == "__main__":
    main()
