"""Reads a chart: from pictures and their lines of text to categories, series and values."""

import itertools
from collections.abc import Sequence

from lensmill.geometry import Box, Frame
from lensmill.perception import bands
from lensmill.perception.axes import Label, join
from lensmill.perception.bar_chart import BarChart, read_bars
from lensmill.perception.canvas import Canvas, compose
from lensmill.perception.chart import AxisLabel, Cell, ChartReading, Series
from lensmill.perception.line_chart import LineChart, read_lines
from lensmill.perception.marks import bars, patches
from lensmill.perception.page import Page, sort_lines
from lensmill.perception.pie_chart import PieChart, read_pie
from lensmill.perception.text import Reader, TextLine
from lensmill.picture import Picture

MAX_LINES = 1000
"""Maximum number of lines that are read; lines further down are ignored. No real chart has this many."""


def read_picture(picture: Picture, reader: Reader) -> ChartReading:
    """Read one picture of a chart. Boxes are in original pixels."""
    return read_chart([picture], [line.on_original(picture.frame) for line in reader.read(picture)])


def read_chart(pictures: Sequence[Picture], lines: Sequence[TextLine]) -> ChartReading:
    """Read a chart from the pictures of an episode.

    Args:
        pictures: the view and any zoomed crops. Each place is read from the sharpest picture that shows it.
        lines: the text on the pictures, in original pixels, each line once.

    Returns:
        The reading, with boxes in original pixels. Parts that could not be read are missing and named in `doubts`.

    Raises:
        ValueError: there are no pictures.
    """
    canvas = compose(pictures)
    ordered = sorted(lines, key=lambda line: (line.box.y1, line.box.x1, line.text))[:MAX_LINES]
    found = patches(canvas)
    marks = bars(found, (canvas.width, canvas.height))
    top = min(patch.box.y1 for patch in marks[1]) if marks else None
    page = sort_lines([canvas.line(line) for line in ordered], canvas.width, canvas.height, top)
    if marks is not None:
        chart = read_bars(canvas, page, found, marks[1], marks[0])
        if chart.cells:
            return _on_original(_bar_reading(canvas, page, chart, tuple(ordered)), canvas.frame)
    trace = read_lines(canvas, page, found)
    if trace is not None and trace.cells:
        return _on_original(_line_reading(page, trace, tuple(ordered)), canvas.frame)
    pie = read_pie(page.body)
    if pie is not None:
        return _on_original(_pie_reading(canvas, page, pie, tuple(ordered)), canvas.frame)
    return ChartReading("unknown", None, page.title, (), (), (), (), (), tuple(ordered), ("no marks found",))


def _bar_reading(canvas: Canvas, page: Page, chart: BarChart, lines: tuple[TextLine, ...]) -> ChartReading:
    plot = _plot(canvas, page, chart)
    kept = [(group.centre, label) for group, label in zip(chart.groups, chart.labels, strict=True) if label]
    centres = [centre for centre, _ in kept]
    texts = [label.box for _, label in kept]
    vertical = chart.orientation == "v"
    strips = bands.columns(texts, centres, plot) if vertical else bands.rows(texts, centres, plot)
    categories = tuple(AxisLabel(label.text, label.box, strip) for (_, label), strip in zip(kept, strips, strict=True))
    ticks = _tick_labels(chart.ticks, vertical, plot)
    keys = sorted({bar.key for group in chart.groups for bar in group.bars} | set(chart.names))
    series = tuple(
        Series(
            chart.names[key].text if key in chart.names else "",
            chart.colours[key] if key < len(chart.colours) else None,
            chart.names[key].box if key in chart.names else None,
        )
        for key in keys
    )
    return ChartReading(
        "v_bar" if vertical else "h_bar",
        plot,
        page.title,
        categories if vertical else ticks,
        ticks if vertical else categories,
        categories,
        series,
        chart.cells,
        lines,
        chart.doubts,
    )


def _line_reading(page: Page, chart: LineChart, lines: tuple[TextLine, ...]) -> ChartReading:
    strips = bands.columns([label.box for label in chart.labels], chart.centres, chart.plot)
    categories = tuple(
        AxisLabel(label.text, label.box, strip) for label, strip in zip(chart.labels, strips, strict=True)
    )
    series = tuple(
        Series(name.text if name else "", colour, name.box if name else None)
        for name, colour in zip(chart.names, chart.colours, strict=True)
    )
    ticks = _tick_labels(chart.ticks, True, chart.plot)
    return ChartReading(
        "line", chart.plot, page.title, categories, ticks, categories, series, chart.cells, lines, chart.doubts
    )


def _pie_reading(canvas: Canvas, page: Page, chart: PieChart, lines: tuple[TextLine, ...]) -> ChartReading:
    slices = tuple(AxisLabel(label.text, label.box, label.box) for label in chart.labels)
    whole = Box(0, 0, canvas.width, canvas.height)
    return ChartReading("pie", whole, page.title, (), (), slices, (Series(""),), chart.cells, lines)


def _tick_labels(ticks: Sequence[TextLine], vertical_axis: bool, plot: Box) -> tuple[AxisLabel, ...]:
    labels: list[Label] = [join([tick]) for tick in ticks]
    labels.sort(key=lambda label: label.box.centre[1 if vertical_axis else 0])
    centres = [label.box.centre[1 if vertical_axis else 0] for label in labels]
    if not labels:
        return ()
    texts = [label.box for label in labels]
    strips = bands.rows(texts, centres, plot) if vertical_axis else bands.columns(texts, centres, plot)
    return tuple(AxisLabel(label.text, label.box, strip) for label, strip in zip(labels, strips, strict=True))


def _plot(canvas: Canvas, page: Page, chart: BarChart) -> Box:
    """The plot area: the bars, widened by half a slot and to the ends of the value axis."""
    boxes = [bar.box for group in chart.groups for bar in group.bars]
    x1, y1 = min(b.x1 for b in boxes), min(b.y1 for b in boxes)
    x2, y2 = max(b.x2 for b in boxes), max(b.y2 for b in boxes)
    for group in chart.groups:
        if chart.orientation == "v":
            x1, x2 = min(x1, group.start), max(x2, group.end)
        else:
            y1, y2 = min(y1, group.start), max(y2, group.end)
    centres = [group.centre for group in chart.groups]
    steps = [b - a for a, b in itertools.pairwise(centres)]
    numbers = [cell.box for cell in chart.cells]
    if chart.orientation == "v":
        half = min(steps, default=x2 - x1) / 2
        x1, x2 = min(x1, centres[0] - half), max(x2, centres[-1] + half)
        y1 = min([y1, *(box.y1 for box in numbers), *(tick.box.centre[1] for tick in chart.ticks)])
    else:
        half = min(steps, default=y2 - y1) / 2
        y1, y2 = min(y1, centres[0] - half), max(y2, centres[-1] + half)
        if not chart.ticks:
            y2 = max(y2, min(page.floor - 2, y2 + 0.4 * half))
        x2 = max([x2, *(box.x2 for box in numbers), *(tick.box.centre[0] for tick in chart.ticks)])
    return Box(max(0.0, x1), max(0.0, y1), min(float(canvas.width), x2), min(float(canvas.height), y2))


def _on_original(reading: ChartReading, frame: Frame) -> ChartReading:
    def place(label: AxisLabel) -> AxisLabel:
        return AxisLabel(label.text, frame.to_original(label.text_box), frame.to_original(label.value_box))

    return ChartReading(
        reading.kind,
        frame.to_original(reading.figure_box) if reading.figure_box else None,
        reading.title,
        tuple(map(place, reading.x_labels)),
        tuple(map(place, reading.y_labels)),
        tuple(map(place, reading.categories)),
        tuple(
            Series(entry.name, entry.colour, frame.to_original(entry.box) if entry.box else None)
            for entry in reading.series
        ),
        tuple(Cell(c.category, c.series, c.value, c.text, frame.to_original(c.box), c.measured) for c in reading.cells),
        reading.texts,
        reading.doubts,
    )
