"""The reader on questions about real charts for which its rules were not written.

    python -m benchmarks.reader_questions --charts "ChartQA Dataset/test/png" [--split dev] [--rungs 448] [--wrong]

The questions are `chart_questions.jsonl` (benchmarks/README.md tells how they were made), the pictures a folder of
ChartQA's. Each episode is the reader's own, with its tools, as a build runs it. "right" is what the strict answer rules
accept. A question whose answer is null has none on its chart, so that every answer to it is wrong. The split "held_out"
is measured and never looked into: no rule may be written from its questions.
"""

import argparse
import asyncio
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.kept_text import reader_of
from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Task
from lensmill.agents.reader.agent import ReaderAgent
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.judging.rules import judge_answer
from lensmill.picture import draw_view
from lensmill.tools import ToolSettings

QUESTIONS = Path(__file__).with_name("chart_questions.jsonl")
SPLITS = ("dev", "second", "held_out")


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a picture, with its answer (None: the chart does not say), its kind and its split."""

    image: str
    question: str
    answer: str | None
    kind: str
    split: str


def questions(path: Path) -> tuple[Question, ...]:
    """The questions of a file of JSON lines."""
    with path.open(encoding="utf-8") as lines:
        return tuple(Question(**json.loads(line)) for line in lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--charts", type=Path, required=True, help="the folder of the pictures")
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--split", choices=SPLITS, default=None)
    parser.add_argument("--rungs", type=int, nargs="*", default=[224, 448, 896])
    parser.add_argument("--wrong", action="store_true", help="list the wrong answers")
    parser.add_argument("--abstained", action="store_true", help="list the abstentions")
    parser.add_argument("--text-cache", type=Path, default=None, help="a folder for OCR results, kept between runs")
    options = parser.parse_args()

    agent = ReaderAgent(ReaderSettings(), reader_of(options.text_cache))
    settings = ToolSettings(zoom_floor=ReaderSettings().zoom_floor)
    tally: dict[tuple[str, int, str], Counter[str]] = defaultdict(Counter)
    name, original = "", Image.new("RGB", (1, 1))
    for question in sorted(questions(options.questions), key=lambda one: one.image):
        if options.split is not None and question.split != options.split:
            continue
        if question.image != name:
            name = question.image
            original = Image.open(options.charts / name).convert("RGB")
        for rung in options.rungs:
            environment = Environment(Task(question.question, rung), original, draw_view(original, rung), settings)
            trajectory = asyncio.run(agent.run(environment)).trajectory
            outcome = "abstained" if trajectory.answer is None else "wrong"
            if trajectory.answer is not None and question.answer is not None:
                verdict = judge_answer(trajectory.answer, [question.answer], question=question.question)
                outcome = "right" if verdict.outcome == "correct" else "wrong"
            for kind in ("all", question.kind):
                tally[question.split, rung, kind][outcome] += 1
            if (options.wrong and outcome == "wrong") or (options.abstained and outcome == "abstained"):
                said = " ".join(trajectory.steps[-1].thought.split())
                print(
                    f"{outcome} {rung} {name} {question.question} => {question.answer} | {trajectory.answer} | {said}"
                )
    for (split, rung, kind), outcomes in sorted(tally.items(), key=lambda item: (*item[0][:2], -item[1].total())):
        answered = outcomes["right"] + outcomes["wrong"]
        share = f"{outcomes['right'] / answered:.0%}" if answered else "-"
        counts = " ".join(f"{outcomes[each]:4} {each}" for each in ("right", "wrong", "abstained"))
        print(f"{split:8} {rung:4} {kind:12} {counts}   {share} of {answered}")


if __name__ == "__main__":
    main()
