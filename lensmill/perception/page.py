"""Sorts the lines of a chart's picture: title and subtitle above the plot, sources and buttons below and beside it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.perception.numerals import parse_numeral
from lensmill.perception.text import TextLine

_FOOTER = re.compile(
    r"^(sources?|notes?|data source|footnote)\s?:|research center|^©|statista \d{4}|additional information|show source"
    r"|ourworldindata\.|^cc by|^data are|^survey of |^\(c\)|^copyright",
    re.IGNORECASE,
)
_SHARE_PANEL = re.compile(r"statista \d{4}|additional information|show source", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """The lines of a chart by their part. Boxes are in canvas pixels.

    Attributes:
        title: the first lines of the header, joined.
        header: title and subtitle lines, top to bottom.
        body: all lines that may belong to the plot, top to bottom.
        floor: the y where the notes below the chart start; the canvas' height without notes.
    """

    title: str
    header: tuple[TextLine, ...]
    body: tuple[TextLine, ...]
    floor: float


def sort_lines(lines: Sequence[TextLine], width: int, height: int, top: float | None = None) -> Page:
    """Sort the lines of a canvas by their part. Icons that were read as letters are dropped.

    Args:
        lines: in canvas pixels.
        width: of the canvas.
        height: of the canvas.
        top: the y where the plot's marks start; header lines lie above it.
    """
    buttons = any(_SHARE_PANEL.search(line.text) for line in lines)
    kept = [line for line in lines if not _is_icon(line) and not (buttons and line.box.x1 > 0.925 * width)]
    footers = [line for line in kept if _FOOTER.search(line.text) and line.box.y1 > 0.35 * height]
    floor = min((line.box.y1 for line in footers), default=float(height))
    left = [line for line in kept if line.box.y2 <= floor + 0.3 * line.box.height and not _FOOTER.search(line.text)]
    above = [line for line in left if top is None or line.box.y2 < top + 0.3 * line.box.height]
    header = _header(sorted(above, key=lambda line: (line.box.y1, line.box.x1)), width, height)
    body = tuple(line for line in left if line not in header)
    return Page(_title(header), tuple(header), body, floor)


def _is_icon(line: TextLine) -> bool:
    text = line.text.strip()
    if parse_numeral(text) is not None:
        return line.score < 0.5
    return len(text) <= 2 and (line.score < 0.8 or not text.isascii() or not text.isalnum())


def _header(lines: Sequence[TextLine], width: int, height: int) -> list[TextLine]:
    """The lines at the top left that follow one another closely. The first of them starts at the left margin."""
    found: list[TextLine] = []
    for line in lines:
        box = line.box
        if box.y1 > 0.45 * height or line.angle:
            break
        beside = found and box.y1 < found[-1].box.y1 + 0.5 * found[-1].box.height
        if not found and (box.y1 > 0.14 * height or box.width < 0.2 * width or parse_numeral(line.text)):
            break
        if found and not beside:
            last = found[-1].box
            far = box.y1 - last.y2 > 0.75 * max(box.height, last.height)
            aside = abs(box.x1 - found[0].box.x1) > 0.02 * width + 2
            if far or aside or (parse_numeral(line.text) and box.width < 0.2 * width):
                break
        found.append(line)
    return found if found and found[0].box.x1 < 0.12 * width else []


def _title(header: Sequence[TextLine]) -> str:
    if not header:
        return ""
    first = header[0].box.height
    rows = []
    for line in header:
        if line.box.height < 0.82 * first:
            break
        rows.append(line.text)
    return " ".join(rows)
