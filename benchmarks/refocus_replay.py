"""Replays published ReFocus rows. Every code block runs in the sandbox on its row's label -> box map, and the boxes
that it focuses on are compared with the row's `focus_areas_bbox`.

    python -m benchmarks.refocus_replay --path train_sample.jsonl

The rows (ReFocus_Data's jsonl) come without their pictures, so blank pictures of sufficient size replace them. Each row
that differs is printed with the reason.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from lensmill.geometry import Frame
from lensmill.picture import Picture
from lensmill.sample import RegionKind
from lensmill.sandbox.arguments import box_of
from lensmill.sandbox.interpreters import open_sandbox
from lensmill.sandbox.protocol import BoxMaps, Sandbox

_BLOCK = re.compile(r"```(?:python)?\s*\n(.*?)```", re.DOTALL)
_AXES: tuple[RegionKind, ...] = ("x_values", "y_values")

Corners = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of a row: its number of code blocks, and the difference from its record (None if it does not
    differ)."""

    row_id: str
    blocks: int
    difference: str | None


def code_blocks(thoughts: Sequence[str]) -> list[str]:
    """The Python of a row's messages, in order."""
    return [block for thought in thoughts for block in _BLOCK.findall(thought)]


def maps_of(row: Mapping[str, Any]) -> BoxMaps:
    """The row's label -> box maps. A few rows have boxes with swapped corners, which are corrected."""
    return {
        axis: {label: box_of(box, label) for label, box in zip(row[axis], row[f"{axis}_bbox"], strict=True)}
        for axis in _AXES
    }


def replay(row: Mapping[str, Any], sandbox: Sandbox) -> Replayed:
    """Run a row's blocks in one session."""
    blocks = code_blocks(row["thoughts"])
    recorded = [_corners(box) for box in row["focus_areas_bbox"]]
    maps = maps_of(row)
    every = [*recorded, *(box.xyxy for boxes in maps.values() for box in boxes.values()), _corners(row["figure_bbox"])]
    size = (int(max(box[2] for box in every)) + 20, int(max(box[3] for box in every)) + 20)
    session = sandbox.session([Picture(Image.new("RGB", size, "white"), Frame.whole(size))], maps)
    focused: list[Corners] = []
    reasons = []
    for number, block in enumerate(blocks, start=1):
        execution = session.run(block)
        focused += [box.xyxy for _, box in execution.boxes]
        if execution.error:
            reasons.append(f"block {number}: {execution.error}")
    session.close()
    if not blocks and recorded:
        reasons.append("it has no code, so its recorded boxes come from elsewhere")
    elif set(focused) != set(recorded):
        missing, more = sorted(set(recorded) - set(focused)), sorted(set(focused) - set(recorded))
        reasons.append(f"recorded but not focused on: {missing}; focused on but not recorded: {more}")
    return Replayed(row["id"], len(blocks), "; ".join(reasons) or None)


def _corners(box: Mapping[str, float]) -> Corners:
    return (box["x1"], box["y1"], box["x2"], box["y2"])


def main() -> None:
    """Replay all rows and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, required=True, help="rows of ReFocus_Data as JSON lines")
    path = parser.parse_args().path
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    sandbox = open_sandbox()
    try:
        results = [replay(row, sandbox) for row in rows]
    finally:
        sandbox.close()
    for result in results:
        if result.difference:
            print(f"{result.row_id}: {result.difference}")
    coded = [result for result in results if result.blocks]
    same_code = sum(result.difference is None for result in coded)
    same = sum(result.difference is None for result in results)
    print(f"{len(rows)} rows, {sum(result.blocks for result in results)} blocks of code, {same} rows as recorded")
    print(f"{len(coded)} rows have code, {same_code} of them focus on just what is recorded")


if __name__ == "__main__":
    main()
