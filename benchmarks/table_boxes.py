"""The agreement of the rows, columns and panels that the reader derives with given and with drawn ones.

    python -m benchmarks.table_boxes --data FOLDER [--rung 672] [--drawn 24] [--figures 14] [--ocr-cache FOLDER]

FOLDER holds `qa.jsonl`, whose rows have `image`, `columns_bbox` and `rows_bbox` (original pixels), and the pictures. A
column or row is a hit if one of the reading has a one-dimensional IoU of at least 0.7 with the given one: over x for
columns, over y for rows. Drawn tables and figures of several panels have exact boxes; a panel is a hit at an IoU of at
least 0.8.
"""

import argparse
import json
import pickle
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image

from lensmill.agents.reader.sheet import read_picture
from lensmill.geometry import Box, Frame
from lensmill.perception.panels.reading import read_panels
from lensmill.perception.tables.reading import read_table
from lensmill.perception.text import Reader, TextLine
from lensmill.picture import Picture, draw_view, pixel_hash
from lensmill.sample import Region
from storage.sources.synthetic import SyntheticSource
from storage.sources.synthetic.figures import draw_figure

ENOUGH, ENOUGH_PANEL = 0.7, 0.8

Span = tuple[float, float]


def overlap(a: Span, b: Span) -> float:
    """Intersection over union of two intervals."""
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    whole = max(a[1], b[1]) - min(a[0], b[0])
    return shared / whole if whole > 0 else 0.0


class Lines:
    """OCR with results kept in a folder, if one is given."""

    def __init__(self, cache: Path | None) -> None:
        self._reader, self._cache = Reader(), cache

    def read(self, picture: Picture) -> tuple[TextLine, ...]:
        """The lines of a picture, in original pixels."""
        kept = self._cache / f"{pixel_hash(picture.pixels)}.pkl" if self._cache else None
        if kept and kept.exists():
            stored: tuple[TextLine, ...] = pickle.loads(kept.read_bytes())
            return stored
        whole = picture.frame.region
        seen = read_picture(self._reader, picture, 0, (round(whole.width), round(whole.height)))
        lines = tuple(line.line for line in seen)
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(pickle.dumps(lines))
        return lines


def given_tables(data: Path) -> Iterator[tuple[str, Image.Image, list[Region]]]:
    """Each picture once, with its columns and rows."""
    rows = [json.loads(line) for line in (data / "qa.jsonl").read_text().splitlines() if line.strip()]
    for name, row in sorted({row["image"]: row for row in rows}.items()):
        regions = []
        for kind in ("columns", "rows"):
            for box in row[f"{kind}_bbox"]:
                regions.append(Region(kind, "", Box(box["x1"], box["y1"], box["x2"], box["y2"])))
        with Image.open(data / name) as opened:
            yield name, opened.convert("RGB"), regions


def drawn_tables(count: int) -> Iterator[tuple[str, Image.Image, list[Region]]]:
    """Tables of the synthetic source, 1280 px wide."""
    for name, illustration in SyntheticSource(charts=6 * count, posters=0, side=1280).illustrations():
        if illustration.kind == "table" and count:
            count -= 1
            yield name, Image.open(BytesIO(illustration.png)).convert("RGB"), list(illustration.regions)


def table_scores(picture: Picture, lines: tuple[TextLine, ...], regions: list[Region]) -> list[float]:
    """The best agreement of each given region; zeros where no table was read."""
    found = read_table([picture], lines)
    scores = []
    for region in regions:
        box = region.box
        if region.kind == "columns":
            spans, wanted = [(c.box.x1, c.box.x2) for c in (found.columns if found else ())], (box.x1, box.x2)
        else:
            spans, wanted = [(r.box.y1, r.box.y2) for r in (found.rows if found else ())], (box.y1, box.y2)
        scores.append(max((overlap(span, wanted) for span in spans), default=0.0))
    return scores


def told(what: str, scores: list[float], enough: float) -> None:
    """Print one line of the result."""
    hits = sum(score >= enough for score in scores)
    print(f"{what}: {hits} of {len(scores)} ({hits / max(1, len(scores)):.1%}) at IoU >= {enough}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with qa.jsonl and its pictures")
    parser.add_argument("--rung", type=int, help="read the view on this rung instead of the whole picture")
    parser.add_argument("--drawn", type=int, default=24, help="number of drawn tables")
    parser.add_argument("--figures", type=int, default=14, help="number of drawn figures")
    parser.add_argument("--ocr-cache", type=Path, help="a folder for OCR results, used by this program only")
    parser.add_argument("--misses", action="store_true", help="print every picture with a miss")
    given = parser.parse_args()
    lines = Lines(given.ocr_cache)

    def view(image: Image.Image) -> Picture:
        return draw_view(image, given.rung) if given.rung else Picture(image, Frame.whole(image.size))

    groups = {"given tables": given_tables(given.data)} if given.data else {}
    groups["drawn tables"] = drawn_tables(given.drawn)
    for what, tables in groups.items():
        every: list[float] = []
        for name, image, regions in tables:
            picture = view(image)
            scores = table_scores(picture, lines.read(picture), regions)
            every += scores
            if given.misses and min(scores) < ENOUGH:
                print(f"{name}: {[round(score, 2) for score in scores]}")
        told(f"{what}, columns and rows", every, ENOUGH)
    every = []
    for seed in range(given.figures):
        canvas, panels = draw_figure(seed, 1280)
        picture = view(canvas.image)
        found = read_panels([picture], lines.read(picture))
        scores = [max((panel.box.iou(other.box) for other in found), default=0.0) for panel in panels]
        every += scores
        if given.misses and min(scores) < ENOUGH_PANEL:
            print(f"figure {seed}: {[round(score, 2) for score in scores]}")
    told("drawn panels", every, ENOUGH_PANEL)


if __name__ == "__main__":
    main()
