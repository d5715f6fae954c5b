"""The share of a ChartQA folder's questions that the reader answers, and the share of right answers.

    python -m benchmarks.reader_chartqa --path "ChartQA Dataset" [--rung 672 | --full] [--subset human] [--wrong]

Reads each chart once, on its view on one rung (`--full` for the original), and answers all its questions from that
reading. "right" is the share of the answers that the strict answer rules accept.
"""

import argparse
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.kept_text import reader_of
from lensmill.agents.reader.questions import ChartAnswer, answer_from_chart
from lensmill.geometry import Frame
from lensmill.judging.rules import judge_answer
from lensmill.perception.chart import ChartReading
from lensmill.perception.reading import read_chart
from lensmill.picture import Picture, draw_view

SUBSETS = ("human", "augmented")


@dataclass(frozen=True, slots=True)
class Question:
    """A question of ChartQA with its answer."""

    subset: str
    picture: str
    text: str
    answer: str

    @property
    def half(self) -> int:
        """0 or 1, by the picture's name. Rules are developed on one half and checked on the other."""
        return int(hashlib.sha256(self.picture.encode()).hexdigest(), 16) % 2


def questions(folder: Path, split: str, subsets: tuple[str, ...]) -> Iterator[Question]:
    """The questions of these subsets."""
    for subset in subsets:
        for row in json.loads((folder / split / f"{split}_{subset}.json").read_text(encoding="utf-8")):
            yield Question(subset, row["imgname"], row["query"], str(row["label"]))


def picture_of(path: Path, rung: int | None) -> Picture:
    """The view on a rung, or the original."""
    original = Image.open(path).convert("RGB")
    return Picture(original, Frame.whole(original.size)) if rung is None else draw_view(original, rung)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, required=True, help="the ChartQA folder, which contains <split>/png")
    parser.add_argument("--split", default="test")
    parser.add_argument("--rung", type=int, default=672)
    parser.add_argument("--full", action="store_true", help="read the original instead of a view")
    parser.add_argument("--subset", choices=SUBSETS, default=None)
    parser.add_argument("--half", type=int, choices=(0, 1), default=None, help="only half of the pictures")
    parser.add_argument("--wrong", action="store_true", help="list the wrong answers")
    parser.add_argument("--abstained", action="store_true", help="list the abstentions")
    parser.add_argument("--text-cache", type=Path, default=None, help="a folder for OCR results, kept between runs")
    options = parser.parse_args()
    rung, reader = None if options.full else options.rung, reader_of(options.text_cache)

    readings: dict[str, ChartReading] = {}
    asked: Counter[str] = Counter()
    tally: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    subsets = (options.subset,) if options.subset else SUBSETS
    for question in questions(options.path, options.split, subsets):
        if options.half is not None and question.half != options.half:
            continue
        if question.picture not in readings:
            picture = picture_of(options.path / options.split / "png" / question.picture, rung)
            lines = [line.on_original(picture.frame) for line in reader.read(picture)]
            readings[question.picture] = read_chart((picture,), lines)
        asked[question.subset] += 1
        found = answer_from_chart(question.text, readings[question.picture])
        if not isinstance(found, ChartAnswer):
            if options.abstained:
                print(f"? {question.picture} {question.text} => {question.answer} | {found.reason}")
            continue
        verdict = judge_answer(found.answer, [question.answer], question=question.text)
        for row in ((question.subset, "all"), (question.subset, found.operation)):
            tally[row][verdict.outcome] += 1
        if options.wrong and verdict.outcome != "correct":
            print(
                f"x {question.picture} {question.text} => {question.answer} | {found.answer} ({found.operation}, "
                f"{verdict.outcome} by {verdict.rule}) {found.thought}"
            )
    for (subset, operation), outcomes in sorted(tally.items(), key=lambda item: (item[0][0], -item[1].total())):
        answered, right = outcomes.total(), outcomes["correct"]
        share = f"answered {answered}/{asked[subset]} ({answered / asked[subset]:.0%})" if operation == "all" else ""
        print(f"{subset:10} {operation:15} {answered:4} right {right:4} ({right / answered:.0%}) {share}")


if __name__ == "__main__":
    main()
