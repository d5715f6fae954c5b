"""Reads bar charts: bars, their labels, their series, their values. Everything is in canvas pixels."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lensmill.geometry import Box
from lensmill.perception.axes import (
    Label,
    column_labels,
    cut,
    cut_at_gaps,
    part_numbers,
    pitch,
    row_labels,
    text_height,
    value_ticks,
    with_headings,
)
from lensmill.perception.bar_groups import Bar, Group, across, along, extent_of, group_bars, join_pieces
from lensmill.perception.bar_values import Match, match_numbers, split_merged
from lensmill.perception.canvas import Canvas
from lensmill.perception.chart import Cell
from lensmill.perception.empty_bars import empty_groups
from lensmill.perception.legend import heading_legend, swatch_legend
from lensmill.perception.marks import Colour, Orientation, Patch, length
from lensmill.perception.numerals import parse_numeral
from lensmill.perception.page import Page
from lensmill.perception.scale import Scale, fit_scale
from lensmill.perception.text import TextLine


@dataclass(frozen=True, slots=True)
class BarChart:
    """A bar chart in canvas pixels.

    Attributes:
        labels: one for each group; None where no label was found.
        names: series number -> legend entry. Cells carry the entry's text.
        doubts: reasons not to trust the reading.
    """

    orientation: Orientation
    groups: tuple[Group, ...]
    labels: tuple[Label | None, ...]
    ticks: tuple[TextLine, ...]
    names: dict[int, Label]
    colours: tuple[Colour, ...]
    cells: tuple[Cell, ...]
    doubts: tuple[str, ...]


def read_bars(
    canvas: Canvas, page: Page, found: Sequence[Patch], bars: Sequence[Patch], orientation: Orientation
) -> BarChart:
    """Assemble a bar chart from its bars and the lines of text around them.

    Args:
        canvas: the pixels.
        page: the lines of text, sorted by their part of the page.
        found: all patches of one colour.
        bars: the patches that are bars.
        orientation: direction of the bars.
    """
    body = [piece for line in page.body for piece in cut_at_gaps(line, 1.2)]
    height = text_height(body)
    whole = join_pieces(bars, orientation, height)
    groups = group_bars(whole, orientation)
    colours = _colours(groups)
    names = swatch_legend([p for p in found if p not in bars], body, colours, extent_of(groups))
    used = {line for label in names.values() for line in label.lines}
    free = [line for line in body if line not in used and not any(_within(line, label) for label in names.values())]
    labels, groups = _label(groups, free, orientation)
    used = {line for label in labels if label for line in label.lines}
    free = [line for line in free if line not in used]
    extent = extent_of(groups)
    ticks = value_ticks(free, orientation == "v", extent.x1 if orientation == "v" else extent.y2)
    free = [line for line in free if line not in ticks]
    many = any(len(group.bars) > 1 for group in groups)
    groups, colours = _by_order(groups, colours, orientation, len(names))
    if many and len(names) < len(colours):  # a letter in a bar's colour can look like a swatch
        legend_lines = [line for label in names.values() for line in label.lines]
        headings = _headings(canvas, [*free, *legend_lines], groups, colours, orientation)
        names = headings if len(headings) > len(names) else names
    if not many and len(names) < 2:
        groups, names, colours = _one_series(groups), {}, colours[:1]
    cells, doubts = _cells(groups, labels, free, ticks, names, orientation)
    keys = {bar.key for group in groups for bar in group.bars}
    if many and len(names) < len(keys):
        doubts.append(f"{len(keys)} colours but {len(names)} series names")
    return BarChart(orientation, groups, tuple(labels), tuple(ticks), names, colours, tuple(cells), tuple(doubts))


def _colours(groups: Sequence[Group]) -> tuple[Colour, ...]:
    by_key = {bar.key: bar.colour for group in groups for bar in group.bars}
    return tuple(by_key[key] for key in sorted(by_key))


def _one_series(groups: Sequence[Group]) -> tuple[Group, ...]:
    """Assign all bars to one series: their colours name nothing."""
    return tuple(replace(group, bars=tuple(replace(bar, key=0) for bar in group.bars)) for group in groups)


def _by_order(
    groups: tuple[Group, ...], colours: tuple[Colour, ...], orientation: Orientation, named: int
) -> tuple[tuple[Group, ...], tuple[Colour, ...]]:
    """Number the series by the order of the parts in a row, where some rows are drawn in darker tints.

    This applies where all rows have the same number of parts, more than one and fewer than there are colours.
    """
    sizes = {len(group.bars) for group in groups if group.bars}
    if len(sizes) != 1 or named == len(colours):
        return groups, colours
    size = sizes.pop()
    if size < 2 or len(colours) <= size:
        return groups, colours
    ordered = []
    for group in groups:
        parts = sorted(group.bars, key=lambda bar: (along(bar.box, orientation), across(bar.box, orientation)))
        ordered.append(replace(group, bars=tuple(replace(bar, key=i) for i, bar in enumerate(parts))))
    usual = [Counter(group.bars[i].colour for group in ordered if group.bars).most_common(1)[0][0] for i in range(size)]
    return tuple(ordered), tuple(usual)


def _within(line: TextLine, label: Label) -> bool:
    x, y = line.box.centre
    box = label.box
    return box.x1 <= x <= box.x2 and box.y1 <= y <= box.y2


def _label(
    groups: tuple[Group, ...], lines: list[TextLine], orientation: Orientation
) -> tuple[list[Label | None], tuple[Group, ...]]:
    """Find the labels of the groups. Add groups without bars where a label and a number stand alone.

    Lines that hold both a label and a number are separated in `lines`.
    """
    extent = extent_of(groups)
    if orientation == "h":
        lines[:] = part_numbers(lines, extent.x1)
    find = row_labels if orientation == "h" else column_labels
    base = extent.x1 if orientation == "h" else extent.y2
    labels = find(groups, lines, base)
    more = empty_groups(groups, labels, lines, orientation)
    if more:
        groups = tuple(sorted([*groups, *more], key=lambda group: group.centre))
        labels = find(groups, lines, base)
    if orientation == "h":
        first = min((label.box.y1 for label in labels if label), default=0.0)
        labels = with_headings(labels, [line for line in lines if line.box.y2 > first], base)
    return labels, groups


def _headings(
    canvas: Canvas,
    lines: Sequence[TextLine],
    groups: Sequence[Group],
    colours: Sequence[Colour],
    orientation: Orientation,
) -> dict[int, Label]:
    if orientation != "h":
        return {}
    fullest = max(groups, key=lambda group: len(group.bars))
    first = next(group for group in groups if group.bars)
    if len(first.bars) < len(fullest.bars):
        first = fullest
    top = min(bar.box.y1 for group in groups for bar in group.bars)
    extent = extent_of(groups)
    above = [
        line
        for line in lines
        if line.box.centre[1] < top
        and not line.angle
        and line.box.x2 > extent.x1 - 0.1 * canvas.width
        and line.box.x1 > 0.02 * canvas.width
        and line.box.width < 0.6 * canvas.width
        and parse_numeral(line.text) is None
    ]
    pieces = [piece for line in _touching(above, top) for piece in cut_at_gaps(line, 1.2)]
    return heading_legend(canvas, pieces, sorted(first.bars, key=lambda bar: bar.box.x1), colours)


def _touching(lines: Sequence[TextLine], top: float) -> list[TextLine]:
    """The lines above `top` that follow one another without a gap, from the lowest upwards."""
    chain: list[TextLine] = []
    edge = top
    for line in sorted(lines, key=lambda line: -line.box.y2):
        gap = edge - line.box.y2
        if gap > (0.6 if chain else 3) * line.box.height:
            break
        chain.append(line)
        edge = min(edge, line.box.y1)
    return chain


def _numbers(
    lines: Sequence[TextLine], groups: Sequence[Group], orientation: Orientation, scale: Scale | None
) -> list[TextLine]:
    """The lines that are numbers. Where the numbers of several bars were read as one line, it is cut between the
    bars."""
    boxes = [bar.box for group in groups for bar in group.bars]
    columns = sorted({box.centre[0] for box in boxes}) if orientation == "v" else []
    cuts = [(a + b) / 2 for a, b in itertools.pairwise(columns)]
    out: list[TextLine] = []
    for line in lines:
        if line.angle:
            continue
        over = [x for x in columns if line.box.x1 < x < line.box.x2]
        if len(line.words) > 1 and len(over) > 1 and len(over) >= line.box.width / max(1.0, line.box.height) / 5:
            out += _agreeing(cut(line, cuts), boxes, scale)
            continue
        pieces = [line]
        inside = orientation == "h" and len(line.words) > 1 and len(_under(line, boxes)) > 1
        if inside and all(parse_numeral(word.text) for word in line.words):
            pieces = cut(line, [(a.box.x2 + b.box.x1) / 2 for a, b in itertools.pairwise(line.words)])
        out += [piece for piece in pieces if parse_numeral(piece.text) is not None]
    return out


def _agreeing(pieces: Sequence[TextLine], boxes: Sequence[Box], scale: Scale | None) -> list[TextLine]:
    """The pieces of a line over several columns whose numbers agree with the columns' heights.

    Without a scale, return all pieces or none: if one piece is not a number, the cuts are wrong.
    """
    values = [parse_numeral(piece.text) for piece in pieces]
    if scale is None:
        return list(pieces) if all(values) else []
    out = []
    for piece, numeral in zip(pieces, values, strict=True):
        x = piece.box.centre[0]
        heights = [abs(scale.slope) * box.height for box in boxes if box.x1 - 3 < x < box.x2 + 3]
        if numeral and any(abs(abs(numeral.value) - h) < 0.05 * h + 3 * abs(scale.slope) for h in heights):
            out.append(piece)
    return out


def _under(line: TextLine, boxes: Sequence[Box]) -> set[int]:
    return {
        i
        for word in line.words
        for i, b in enumerate(boxes)
        if b.x1 < word.box.centre[0] < b.x2 and b.y1 < word.box.centre[1] < b.y2
    }


def _cells(
    groups: Sequence[Group],
    labels: Sequence[Label | None],
    free: Sequence[TextLine],
    ticks: Sequence[TextLine],
    names: dict[int, Label],
    orientation: Orientation,
) -> tuple[list[Cell], list[str]]:
    scale = fit_scale(ticks, orientation == "v")
    numbers = _numbers(free, groups, orientation, scale)
    if orientation == "v" and scale is not None:
        numbers = split_merged(numbers, free, [bar for group in groups for bar in group.bars], scale)
    matches = match_numbers(groups, numbers, orientation)
    used = {match.number for match in matches}
    doubts: list[str] = []
    cells: list[Cell] = []
    wrong = _disagreeing(groups, matches, numbers, scale, orientation)
    doubts += ["a printed number and the length of its bar disagree"] * bool(wrong)
    by_bar = {(m.group, m.bar): m for m in matches if (m.group, m.bar) not in wrong}
    unlabelled = 0
    for g, group in enumerate(groups):
        label = labels[g]
        if label is None:
            doubts.append("a bar without a category label")
            continue
        for b, bar in enumerate(group.bars):
            name = names[bar.key].text if bar.key in names else ""
            match = by_bar.get((g, b))
            if match is not None:
                cells.append(_printed(label, name, numbers[match.number]))
                continue
            unlabelled += 1
            if scale is not None:
                cells.append(_measured(label, name, bar, scale, orientation))
        cells += _leftover(group, label, names, numbers, used, groups, orientation)
    if matches and unlabelled:
        doubts.append(f"{unlabelled} bars without a printed number")
    pairs = Counter((cell.category, cell.series) for cell in cells)
    doubts += [f"several values for {key}" for key, count in sorted(pairs.items()) if count > 1]
    valued = {cell.category for cell in cells}
    doubts += [f"no value for {label.text}" for label in labels if label and label.text not in valued]
    return cells, list(dict.fromkeys(doubts))


def _disagreeing(
    groups: Sequence[Group],
    matches: Sequence[Match],
    numbers: Sequence[TextLine],
    scale: Scale | None,
    orientation: Orientation,
) -> set[tuple[int, int]]:
    """Bars whose printed number is far from their length, on an axis that fits most of the other bars.

    An axis that does not start at zero, or has another unit than the labels, fits no bars and decides nothing.
    """
    if scale is None:
        return set()
    pairs = []
    for match in matches:
        numeral = parse_numeral(numbers[match.number].text)
        box = groups[match.group].bars[match.bar].box
        if numeral is not None:
            pairs.append(((match.group, match.bar), abs(numeral.value), abs(scale.slope) * length(box, orientation)))
    largest = max((measured for _, _, measured in pairs), default=0.0)
    off = {key for key, printed, measured in pairs if abs(printed - measured) > 0.06 * largest + 0.04 * printed}
    return off if pairs and len(off) <= 0.3 * len(pairs) else set()


def _printed(label: Label, series: str, number: TextLine) -> Cell:
    numeral = parse_numeral(number.text)
    return Cell(label.text, series, numeral.value if numeral else 0.0, number.text, number.box)


def _measured(label: Label, series: str, bar: Bar, scale: Scale, orientation: Orientation) -> Cell:
    start, end = along(bar.box, orientation)
    far, near = (start, end) if orientation == "v" else (end, start)
    value = scale.value(far) - scale.value(near)
    digits = 4 - len(str(int(abs(value))))
    return Cell(label.text, series, round(value, max(0, digits)), "", bar.box, measured=True)


def _leftover(
    group: Group,
    label: Label,
    names: dict[int, Label],
    numbers: Sequence[TextLine],
    used: set[int],
    groups: Sequence[Group],
    orientation: Orientation,
) -> list[Cell]:
    """The number of a bar that is too short to see: the one unused number in the group's slot, for the one missing
    series."""
    present = {bar.key for bar in group.bars}
    missing = [key for key in sorted(names) if key not in present] if names else ([] if group.bars else [0])
    if len(missing) != 1:
        return []
    step = pitch(groups)
    extent = extent_of(groups)
    near = []
    for index, number in enumerate(numbers):
        low, high = across(number.box, orientation)
        inside = extent.padded(4 * number.box.height + 1.5 * step).contains(number.box)
        if index not in used and abs((low + high) / 2 - group.centre) < 0.5 * step and inside:
            near.append(index)
    if len(near) != 1:
        return []
    used.add(near[0])
    key = missing[0]
    return [_printed(label, names[key].text if key in names else "", numbers[near[0]])]
