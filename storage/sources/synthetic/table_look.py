"""Rules and fills of drawn tables."""

from itertools import pairwise
from typing import Literal

from storage.sources.synthetic.canvas import Canvas
from storage.sources.synthetic.chart_parts import fitting_font
from storage.sources.synthetic.style import Colour, Font, Style, blend

TableLook = Literal["rules", "grid", "zebra", "plain", "bare"]

TABLE_LOOKS: tuple[TableLook, ...] = ("rules", "grid", "zebra", "zebra", "plain", "bare")
"""A bare table has neither rules nor fills, a plain one has rules around header and body only."""


def paint(canvas: Canvas, edges: list[int], tops: list[int], look: TableLook, head_fill: Colour, style: Style) -> None:
    """Draw the fills and rules of a table.

    Args:
        canvas: the picture.
        edges: x of the columns' edges.
        tops: y of the header's top, of each row's top, and of the last row's bottom.
        look: the kind of rules.
        head_fill: behind the header.
        style: the look of the picture.
    """
    left, right = edges[0], edges[-1]
    canvas.rectangle(left, tops[0], right, tops[1], head_fill)
    tint = blend(style.background, style.faint, 1 / 3)
    for place, (top, bottom) in enumerate(pairwise(tops[1:])):
        if look == "zebra" and place % 2:
            canvas.rectangle(left, top, right, bottom, tint)
    if look in ("rules", "grid"):
        for top in tops[2:-1]:
            canvas.line(left, top, right, top, style.faint, 4)
    if look == "grid":
        for edge in edges:
            canvas.line(edge, tops[0], edge, tops[-1], style.faint, 4)
    if look != "bare":
        for top in (tops[0], tops[1], tops[-1]):
            canvas.line(left, top, right, top, style.ink, 5)


def paint_spanning(
    canvas: Canvas, edges: list[int], band: tuple[int, int], text: str, face: Font, look: TableLook, ink: Colour
) -> None:
    """Draw a header over all columns but the first, between the y of `band`, with a rule below unless the look is bare.

    Raises:
        Cramped: the text would be too small to read.
    """
    left, right = edges[1], edges[-1]
    room = right - left - canvas.px(40)
    if canvas.text_size(text, face)[0] > room:
        size = face.size / canvas.scale
        face = fitting_font(canvas, text, "DejaVu Sans", size, room, bold=True)
    canvas.text((left + right) // 2, (band[0] + band[1]) // 2, text, face, ink, "centre")
    if look != "bare":
        canvas.line(left + canvas.px(16), band[1], right - canvas.px(16), band[1], ink, 3)
