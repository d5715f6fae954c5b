"""The quality of the reader's search on large photographs, by rung.

    python -m benchmarks.reader_photos --path <folder with test_questions.jsonl>

Options are shuffled with a seed from the question, because sources such as V* put the right option first.
"""

import argparse
import asyncio
import hashlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from lensmill.agents.environment import Environment
from lensmill.agents.protocol import Rollout, Task
from lensmill.agents.reader.agent import ReaderAgent
from lensmill.agents.reader.settings import ReaderSettings
from lensmill.geometry import Box
from lensmill.picture import draw_view
from lensmill.resolution import LADDER, rungs_for
from lensmill.tools import ToolSettings


@dataclass
class Tally:
    """The figures of one rung."""

    right: int = 0
    wrong: int = 0
    abstained: int = 0
    covered: int = 0
    steps: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Number of questions."""
        return self.right + self.wrong + self.abstained


def shuffled(question: str, options: list[str]) -> tuple[str, ...]:
    """The options in an order that depends only on the question."""
    order = list(options)
    random.Random(hashlib.sha256(question.encode()).hexdigest()).shuffle(order)
    return tuple(order)


def questions(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of `test_questions.jsonl`, picture by picture."""
    with (folder / "test_questions.jsonl").open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def looks_at(rollout: Rollout, targets: list[Box]) -> bool:
    """Whether the box of some step overlaps a target (original pixels)."""
    boxes = [box for step in rollout.trajectory.steps if step.action for _, box in step.action.boxes]
    return any(box.iou(target) > 0 for box in boxes for target in targets)


def measure(
    folder: Path, agent: ReaderAgent, settings: ToolSettings, ladder: list[int], verbose: bool
) -> dict[int, Tally]:
    """Run every question on every rung of its picture."""
    tallies = {rung: Tally() for rung in ladder}
    name, original = "", Image.new("RGB", (1, 1))
    for row in questions(folder):
        if row["image"] != name:
            name = row["image"]
            with Image.open(folder / name) as file:
                original = ImageOps.exif_transpose(file).convert("RGB")
        for rung in rungs_for(original.size, ladder):
            tally = tallies[rung]
            started = time.perf_counter()
            task = Task(row["question"], rung, choices=shuffled(row["question"], row["options"]))
            environment = Environment(task, original, draw_view(original, rung), settings, lossless=False)
            rollout = asyncio.run(agent.run(environment))
            tally.seconds += time.perf_counter() - started
            tally.steps += len(rollout.trajectory.steps) - 1
            answer = rollout.trajectory.answer
            outcome = "abstained" if answer is None else "right" if answer == row["answer"] else "wrong"
            setattr(tally, outcome, getattr(tally, outcome) + 1)
            seen = looks_at(rollout, [Box.from_xywh(*box) for box in row["bbox"]])
            tally.covered += outcome == "right" and seen
            if verbose:
                steps = len(rollout.trajectory.steps) - 1
                print(
                    f"{rung:5} {outcome:9} {'covered' if seen else '-':8} {steps:2} {row['question'][:70]} -> {answer}"
                )
    return tallies


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, required=True, help="folder with test_questions.jsonl and its images")
    parser.add_argument("--rungs", type=int, nargs="*", default=list(LADDER))
    parser.add_argument("--max-turns", type=int, default=11)
    parser.add_argument("--zoom-floor", type=int, default=896)
    parser.add_argument("--verbose", action="store_true", help="print a line for each episode")
    given = parser.parse_args()
    settings = ToolSettings(zoom_floor=given.zoom_floor)
    tallies = measure(
        given.path, ReaderAgent(ReaderSettings(max_turns=given.max_turns)), settings, given.rungs, given.verbose
    )
    print(" rung  asked  right  wrong  abstained  covered  steps  seconds")
    for rung, tally in tallies.items():
        steps = tally.steps / max(1, tally.asked)
        print(
            f"{rung:5} {tally.asked:6} {tally.right:6} {tally.wrong:6} {tally.abstained:10} {tally.covered:8} "
            f"{steps:6.1f} {tally.seconds:8.1f}"
        )


if __name__ == "__main__":
    main()
