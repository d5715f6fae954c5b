"""The agreement of the axis boxes that the reader derives with ReFocus's boxes.

    python benchmarks/axis_boxes.py BOXES.jsonl PICTURES [--rung 672] [--ocr-cache FOLDER] [--misses]

BOXES.jsonl holds rows with `image`, `x_values`, `x_values_bbox`, `y_values` and `y_values_bbox` (original pixels).
PICTURES is the folder with the pictures. A label is a hit if the reading has a label with nearly the same text on that
axis and a one-dimensional IoU of at least 0.7 between the boxes: over x for x values, over y for y values. Without
--rung the pictures are read at their own size.
"""

import argparse
import difflib
import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.perception.chart import AxisLabel, ChartReading
from lensmill.perception.reading import read_chart
from lensmill.perception.text import Reader, TextLine
from lensmill.picture import Picture, draw_view

ENOUGH = 0.7


def overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Intersection over union of two intervals."""
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    whole = max(a[1], b[1]) - min(a[0], b[0])
    return shared / whole if whole > 0 else 0.0


def fold(text: str) -> str:
    """The letters and digits of a text, in lower case."""
    return "".join(ch for ch in text.lower() if ch.isalnum())


def likeness(a: str, b: str) -> float:
    """Similarity of two labels, 0 to 1. A label that is the start of the other one (the first of two lines) counts as
    almost equal."""
    first, second = fold(a), fold(b)
    if first == second:
        return 1.0
    if min(len(first), len(second)) >= 4 and (first.startswith(second) or second.startswith(first)):
        return 0.9
    return difflib.SequenceMatcher(None, first, second).ratio()


def best_overlap(text: str, given: Box, labels: Sequence[AxisLabel], along_x: bool) -> float:
    """The IoU of the label most similar to the text; 0 if none is similar."""
    alike = [label for label in labels if likeness(text, label.text) >= 0.7]
    top = max((likeness(text, label.text) for label in alike), default=0.0)
    spans = [
        (label.value_box.x1, label.value_box.x2) if along_x else (label.value_box.y1, label.value_box.y2)
        for label in alike
        if likeness(text, label.text) >= top - 0.05
    ]
    wanted = (given.x1, given.x2) if along_x else (given.y1, given.y2)
    return max((overlap(span, wanted) for span in spans), default=0.0)


def read(path: Path, rung: int | None, reader: Reader, cache: Path | None) -> ChartReading:
    """Read a chart on a rung, or at its own size; with a cache of OCR results."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    picture = draw_view(image, rung) if rung else Picture(image, Frame.whole(image.size))
    kept = cache / f"{path.name}.r{rung or 'full'}.pkl" if cache else None
    lines: tuple[TextLine, ...]
    if kept and kept.exists():
        lines = pickle.loads(kept.read_bytes())
    else:
        lines = tuple(line.on_original(picture.frame) for line in reader.read(picture))
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(pickle.dumps(lines))
    return read_chart([picture], lines)


def rows_by_picture(boxes: Path) -> dict[str, dict[str, Any]]:
    """One row for each picture: several questions about a picture repeat its boxes."""
    rows = (json.loads(line) for line in boxes.read_text().splitlines() if line.strip())
    return {Path(row["image"]).name: row for row in rows}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("boxes", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--rung", type=int, help="read the view on this rung instead of the whole picture")
    parser.add_argument("--ocr-cache", type=Path, help="a folder for OCR results, used by this program only")
    parser.add_argument("--misses", action="store_true", help="print every missed label")
    given = parser.parse_args()
    reader = Reader()
    hits = {"x": [0, 0], "y": [0, 0]}
    for name, row in sorted(rows_by_picture(given.boxes).items()):
        reading = read(given.pictures / name, given.rung, reader, given.ocr_cache)
        for axis, labels in (("x", reading.x_labels), ("y", reading.y_labels)):
            for text, corners in zip(row[f"{axis}_values"], row[f"{axis}_values_bbox"], strict=True):
                box = Box(corners["x1"], corners["y1"], corners["x2"], corners["y2"])
                score = best_overlap(text, box, labels, axis == "x")
                hits[axis][0] += score >= ENOUGH
                hits[axis][1] += 1
                if given.misses and score < ENOUGH:
                    print(f"{name} {axis} {text!r}: {score:.2f}")
    for axis, (hit, total) in hits.items():
        print(f"{axis} values: {hit} of {total} ({hit / max(1, total):.1%})")
    hit, total = (sum(pair[i] for pair in hits.values()) for i in (0, 1))
    print(f"all labels: {hit} of {total} ({hit / max(1, total):.1%}) at IoU >= {ENOUGH}")


if __name__ == "__main__":
    main()
