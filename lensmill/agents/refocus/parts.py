"""The labelled parts of a picture that ReFocus's code can name: from the source, or from our own chart geometry."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import get_args

from lensmill.agents.reader.evidence import gap
from lensmill.agents.reader.sheet import legible_share, read_picture
from lensmill.agents.refocus.opening import Parts
from lensmill.geometry import Box
from lensmill.perception.panels.reading import read_panels
from lensmill.perception.reading import read_chart
from lensmill.perception.tables.reading import read_table
from lensmill.perception.text import Reader, shared_reader
from lensmill.picture import Picture
from lensmill.sample import Region, RegionKind
from lensmill.template_tokens import neutral
from lensmill.tools.edits import INSET, scaled

MAX_LABELS = 100
"""Of one kind; a picture with more has no parts worth naming."""

SHARP = 0.5
"""The least share of legible lines of a table with parts: in small print, two columns look like one."""

_LONG = 120


def parts_of(view: Picture, regions: Iterable[Region], reader: Reader | None = None) -> Parts:
    """The parts that came with the sample, or those that we find ourselves; see `_found`.

    CPU work (OCR) where the sample has none. Only what the view shows is used.
    """
    given = list(regions)
    if not given:
        given = _found(view, reader or shared_reader())
    maps: dict[RegionKind, dict[str, Box]] = {}
    for kind in get_args(RegionKind):
        boxes: dict[str, Box] = {}
        for region in given:
            label = neutral(" ".join(region.label.split()))  # read off the picture, it may be anything
            here = view.frame.from_original(region.box).clip(view.frame.bounds)
            if region.kind == kind and label and len(label) <= _LONG and here is not None and len(boxes) < MAX_LABELS:
                boxes[_unique(label, boxes)] = here
        if boxes:
            maps[kind] = boxes
    return maps


def recorded(parts: Parts) -> dict[str, dict[str, list[float]]]:
    """Parts as JSON values, in pixels of the view, for the record of the step whose code could see them."""
    return {kind: {label: list(box.xyxy) for label, box in boxes.items()} for kind, boxes in parts.items()}


def from_record(value: Mapping[str, Mapping[str, Sequence[float]]]) -> Parts:
    """The parts that `recorded` wrote down: the same numbers."""
    maps: dict[RegionKind, dict[str, Box]] = {}
    for kind in get_args(RegionKind):
        if kind in value:
            maps[kind] = {label: Box(*numbers) for label, numbers in value[kind].items()}
    return maps


def _found(view: Picture, reader: Reader) -> list[Region]:
    """The columns and rows of a table, the panels of a figure, or ReFocus's boxes of a bar or line chart: the columns
    of an x axis, or the rows of horizontal bars."""
    whole = view.frame.region
    seen = read_picture(reader, view, 0, (round(whole.width), round(whole.height)))
    lines = [line.line for line in seen]
    if (table := read_table([view], lines)) and legible_share(seen) >= SHARP:
        columns = [Region("columns", column.name, column.box) for column in table.columns]
        return [*columns, *(Region("rows", row.label, row.box) for row in table.rows)]
    if panels := read_panels([view], lines):
        air = _air(view, [panel.box for panel in panels])
        return [Region("subplots", panel.name, panel.box.padded(air)) for panel in panels]
    reading = read_chart([view], lines)
    kind: RegionKind = "y_values" if reading.kind == "h_bar" else "x_values"
    if reading.kind not in ("h_bar", "v_bar", "line"):
        return []
    return [Region(kind, label.text, label.value_box) for label in reading.categories]


def _air(view: Picture, boxes: Sequence[Box]) -> float:
    """Original pixels around a panel's ink: a mask stays clear of the edges of boxes, and would leave slivers of print.

    Never more than half of the space between two panels.
    """
    wanted = 2 * scaled(INSET, view.pixels.size) + 1
    return min([wanted / min(view.frame.scale), *(gap(one, other) / 2 for one, other in combinations(boxes, 2))])


def _unique(label: str, taken: Mapping[str, Box]) -> str:
    """Two parts of one name stay apart."""
    number, name = 1, label
    while name in taken:
        number += 1
        name = f"{label} ({number})"
    return name
