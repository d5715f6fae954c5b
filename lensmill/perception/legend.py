"""Finds the names of series: swatches with text, coloured words, or headings over the first row."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lensmill.geometry import Box
from lensmill.perception.axes import Label, join
from lensmill.perception.bar_groups import Bar
from lensmill.perception.canvas import Canvas
from lensmill.perception.marks import Colour, Patch, background, near
from lensmill.perception.numerals import is_year, parse_numeral
from lensmill.perception.text import TextLine

_MAX_SWATCHES = 150


def swatch_legend(
    found: Sequence[Patch], lines: Sequence[TextLine], colours: Sequence[Colour], plot: Box
) -> dict[int, Label]:
    """Series number -> name, from small patches of a series' colour that stand directly before a text.

    Args:
        found: all patches of one colour.
        lines: the lines of text.
        colours: the colour of each series.
        plot: the extent of the bars; patches within it are pieces of bars.
    """
    height = sorted(line.box.height for line in lines)[len(lines) // 2] if lines else 12.0
    swatches = []
    for patch in found:
        key = next((i for i, colour in enumerate(colours) if near(colour, patch.colour)), None)
        box = patch.box
        small = 0.25 * height <= box.width <= 2.2 * height and 0.15 * height <= box.height <= 1.3 * height
        if key is None or not small or patch.fill < 0.6 or plot.contains(box):
            continue
        swatches.append((key, box))
    swatches = swatches[:_MAX_SWATCHES]
    letters = {
        (key, box)
        for key, box in swatches
        for line in lines
        if line.box.contains(box) and sum(k == key and line.box.contains(b) for k, b in swatches) > 1
    }
    swatches = [pair for pair in swatches if pair not in letters]
    names: dict[int, Label] = {}
    pieces = [piece for line in lines for piece in _cut_at(line, [box for _, box in swatches])]
    for key, box in swatches:
        _x, y = box.centre
        after = [
            piece
            for piece in pieces
            if abs(piece.box.centre[1] - y) < 0.5 * piece.box.height
            and -0.6 * height <= _text_start(piece) - box.x2 < 1.3 * height
        ]
        if after and key not in names:
            piece = min(after, key=lambda p: (abs(_text_start(p) - box.x2), p.box.y1))
            if is_year(piece.text) or not all(parse_numeral(word) for word in piece.text.split()):
                names[key] = join([piece, *_wrapped(piece, pieces, [b for _, b in swatches])])
    return names


def _text_start(line: TextLine) -> float:
    return line.words[0].box.x1 if line.words else line.box.x1


def _cut_at(line: TextLine, boxes: Sequence[Box]) -> list[TextLine]:
    """Cut a line at the swatches within it. Text that was read from a swatch is dropped."""
    inside = [
        box for box in boxes if line.box.y1 < box.centre[1] < line.box.y2 and line.box.x1 < box.centre[0] < line.box.x2
    ]
    if not inside or not line.words:
        return [line]
    words = [
        w for w in line.words if not (len(w.text) == 1 and any(b.x1 - 2 < w.box.centre[0] < b.x2 + 2 for b in inside))
    ]
    out = []
    marks = sorted(box.centre[0] for box in inside)
    for low, high in zip([float("-inf"), *marks], [*marks, float("inf")], strict=True):
        part = tuple(w for w in words if low < w.box.centre[0] <= high)
        if part:
            box = Box(part[0].box.x1, line.box.y1, max(part[0].box.x1, part[-1].box.x2), line.box.y2)
            out.append(replace(line, text=" ".join(w.text for w in part), box=box, words=part))
    return out


def _wrapped(first: TextLine, pieces: Sequence[TextLine], swatches: Sequence[Box]) -> list[TextLine]:
    """The lines that follow `first`, start at the same x and have no swatch."""
    out: list[TextLine] = []
    last = first
    for piece in sorted(pieces, key=lambda p: p.box.y1):
        gap = piece.box.y1 - last.box.y2
        own = any(b.y1 - 3 < piece.box.centre[1] < b.y2 + 3 and b.x2 <= piece.box.x1 + 6 for b in swatches)
        same = abs(_text_start(piece) - _text_start(first)) < 0.5 * first.box.height
        if piece.box.y1 > last.box.y1 + 2 and same and not own and -0.5 * last.box.height < gap < 0.2 * last.box.height:
            out.append(piece)
            last = piece
    return out


def ink(canvas: Canvas, box: Box) -> Colour | None:
    """The colour of a text: of the pixels in its box that differ most from the commonest one; None if none do."""
    pixels = canvas.patch(box)
    if pixels.size < 60:
        return None
    ground = np.array(background(pixels), np.int16)
    off = np.abs(pixels.astype(np.int16) - ground).max(axis=2)
    strong = off >= max(40, int(off.max() * 0.75))
    if not strong.any():
        return None
    mean = pixels[strong].mean(axis=0)
    return (int(mean[0]), int(mean[1]), int(mean[2]))


def _hue(colour: Colour) -> np.ndarray:
    values = np.array(colour, float)
    values -= values.mean()
    return values


def same_hue(a: Colour, b: Colour) -> float:
    """How far two colours differ in tint, 0 to 2; thin print is paler than a filled bar, so lightness hardly counts.

    Greys have no tint and match nothing (2.0).
    """
    first, second = _hue(a), _hue(b)
    if np.abs(first).max() < 12 or np.abs(second).max() < 12:
        return 2.0
    cosine = float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
    return 1 - cosine + min(0.3, abs(sum(a) - sum(b)) / 1500)


def blocks(lines: Sequence[TextLine]) -> list[Label]:
    """Headings: lines that touch one above the other and overlap in x, joined; left to right."""
    left = sorted(lines, key=lambda line: (line.box.y1, line.box.x1))
    out: list[list[TextLine]] = []
    for line in left:
        for block in out:
            last = block[-1].box
            shared = min(last.x2, line.box.x2) - max(last.x1, line.box.x1)
            touching = -0.5 * last.height < line.box.y1 - last.y2 < 0.45 * last.height
            if touching and shared > 0.4 * min(last.width, line.box.width):
                block.append(line)
                break
        else:
            out.append([line])
    return sorted((join(block) for block in out), key=lambda label: label.box.centre[0])


def heading_legend(
    canvas: Canvas, headings: Sequence[TextLine], first: Sequence[Bar], colours: Sequence[Colour]
) -> dict[int, Label]:
    """Series number -> heading: by the heading's colour if it has one, otherwise in order from left to right.

    Args:
        canvas: the pixels.
        headings: lines between the title and the first row of bars.
        first: the first row's bars, left to right.
        colours: the colour of each series.
    """
    found = [block for block in blocks(headings) if parse_numeral(block.text) is None]
    names: dict[int, Label] = {}
    for block in found:
        tint = ink(canvas, block.box)
        if tint is None:
            continue
        ranked = sorted((same_hue(tint, colour), i) for i, colour in enumerate(colours))
        clear = len(ranked) == 1 or (ranked and ranked[1][0] > ranked[0][0] + 0.04)
        if clear and ranked[0][0] < 0.25 and ranked[0][1] not in names:
            names[ranked[0][1]] = block
    order = list(dict.fromkeys(bar.key for bar in first))
    if len(names) == len(order) and len(names) > 1:
        return names
    if len(found) == len(order):
        return dict(zip(order, found, strict=True))
    middles = {bar.key: bar.box.centre[0] for bar in reversed(first)}
    taken = dict(names.items()) if len(names) > 1 else {}
    used = [id(label) for label in taken.values()]
    for block in found:
        if id(block) in used:
            continue
        key = min(middles, key=lambda k: abs(middles[k] - block.box.centre[0]), default=None)
        if key is not None and key not in taken and abs(middles[key] - block.box.centre[0]) < block.box.width:
            taken[key] = block
    return taken
