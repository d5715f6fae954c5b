"""Reads pie charts: names with their shares, printed on one line or one below the other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.perception.axes import Label, join
from lensmill.perception.chart import Cell
from lensmill.perception.numerals import parse_numeral
from lensmill.perception.text import TextLine

_NAME_AND_SHARE = re.compile(r"^(?P<name>.*[^\W\d_].*?)[\s:,(–-]+(?P<share>[<~]?\d+(?:[.,]\d+)?\s?%)\)?$")


@dataclass(frozen=True, slots=True)
class PieChart:
    """The slices of a pie in reading order, in the lines' pixels."""

    labels: tuple[Label, ...]
    cells: tuple[Cell, ...]


def read_pie(lines: Sequence[TextLine]) -> PieChart | None:
    """The slices; None unless at least two shares have names and all shares add up to 100 % (within 2)."""
    labels: list[Label] = []
    cells: list[Cell] = []
    used: set[TextLine] = set()
    for line in lines:
        match = _NAME_AND_SHARE.match(line.text.strip())
        share = parse_numeral(match["share"]) if match else None
        if match and share:
            _add(labels, cells, [line], match["name"].strip(" :,(-–"), match["share"], share.value)
            used.add(line)
    for line in lines:
        share = parse_numeral(line.text) if line not in used else None
        if share is None or share.unit != "%":
            continue
        above = _name_lines(line, [other for other in lines if other not in used and parse_numeral(other.text) is None])
        if above:
            text = " ".join(other.text for other in above)
            _add(labels, cells, [*above, line], text, line.text, share.value)
            used |= {line, *above}
    total = sum(cell.value for cell in cells)
    unnamed = any(line not in used and (number := parse_numeral(line.text)) and number.unit == "%" for line in lines)
    if len(cells) < 2 or abs(total - 100) > 2 or unnamed:
        return None
    return PieChart(tuple(labels), tuple(cells))


def _add(labels: list[Label], cells: list[Cell], lines: Sequence[TextLine], name: str, text: str, value: float) -> None:
    box = join(lines).box
    labels.append(Label(name, box, tuple(lines)))
    cells.append(Cell(name, "", value, text, lines[-1].box))


def _name_lines(share: TextLine, names: Sequence[TextLine]) -> list[TextLine]:
    """The lines directly above a share that are centred on it or aligned with it, top to bottom."""
    out: list[TextLine] = []
    edge = share.box
    for line in sorted(names, key=lambda line: -line.box.y2):
        height = share.box.height
        aligned = (
            abs(line.box.centre[0] - share.box.centre[0]) < height
            or abs(line.box.x1 - share.box.x1) < 0.6 * height
            or abs(line.box.x2 - share.box.x2) < 0.6 * height
        )
        if aligned and -0.5 * height < edge.y1 - line.box.y2 < 0.4 * height:
            out.insert(0, line)
            edge = line.box
    return out
