"""ChartQA's `annotations/*.json` -> the axis values of a chart as named regions.

An annotation gives, for each axis, the printed labels and a box around each label's text. A region is the band of the
plot that belongs to a label, as ReFocus draws its axis boxes: for a label on a horizontal axis the strip from the top
of the plot down to the label's foot, for one on a vertical axis the strip across the picture. Which axis is which
follows from where the labels stand, since horizontal bar charts name their vertical axis "x_axis".
"""

from collections import Counter, deque
from collections.abc import Mapping
from itertools import pairwise

from lensmill.decoding import Header
from lensmill.geometry import Box
from lensmill.sample import Region, RegionKind
from storage.sources.rows import RowProblem, box_of, shown, text_of

MAX_LABELS = 500
MAX_LABEL_CHARS = 300
MAX_NODES = 200
"""Parts of an axis that may hold its labels; some files nest an axis in itself."""


def regions_of(annotation: object, header: Header) -> tuple[Region, ...]:
    """The regions of both axes, in pixels of the original; an axis without labels gives none.

    Raises:
        RowProblem: of class "annotation_unreadable": not the known layout, or boxes that cannot be.
    """
    info = annotation.get("general_figure_info") if isinstance(annotation, dict) else None
    if not isinstance(info, dict):
        raise RowProblem("annotation_unreadable", 'the annotation has no "general_figure_info" with axes')
    try:
        plot = _plot_box(info, header)
        found = [region for axis in ("x_axis", "y_axis") for region in _axis(info.get(axis), axis, plot, header)]
    except RowProblem as problem:
        raise RowProblem("annotation_unreadable", str(problem)) from problem
    return _with_unique_labels(found)


def _plot_box(info: Mapping[str, object], header: Header) -> Box:
    figure = info.get("figure_info")
    box = figure.get("bbox") if isinstance(figure, dict) else None
    return Box(0, 0, header.width, header.height) if box is None else box_of(box, "figure_info.bbox", header)


def _axis(node: object, axis: str, plot: Box, header: Header) -> list[Region]:
    labels = _labels(node)
    if labels is None:
        return []
    values, boxes = labels
    if len(boxes) > MAX_LABELS:
        raise RowProblem("annotation_unreadable", f"{axis} has {len(boxes)} labels, more than {MAX_LABELS}")
    placed = [
        (
            text_of(str(value), f"{axis}.values[{index}]", MAX_LABEL_CHARS),
            box_of(box, f"{axis}.bboxes[{index}]", header),
        )
        for index, (value, box) in enumerate(zip(values, boxes, strict=False))
        if isinstance(value, (str, int, float)) and str(value).strip()
    ]
    return _bands(placed, plot, header)


def _labels(node: object) -> tuple[list[object], list[object]] | None:
    """The values and boxes of the first part of an axis that has both, the nearest part first; or None."""
    queue: deque[object] = deque([node])
    for _ in range(MAX_NODES):
        if not queue:
            return None
        part = queue.popleft()
        if isinstance(part, dict):
            values, boxes = part.get("values"), part.get("bboxes")
            if isinstance(values, list) and isinstance(boxes, list):
                return values, boxes
            if boxes is not None and not isinstance(boxes, list):
                raise RowProblem("annotation_unreadable", f'"bboxes" must be a list, got {shown(boxes)}')
            queue.extend(part.values())
    return None


def _bands(placed: list[tuple[str, Box]], plot: Box, header: Header) -> list[Region]:
    if not placed:
        return []
    across = _run_across([box.centre for _, box in placed], plot)
    kind: RegionKind = "x_values" if across else "y_values"
    along = 0 if across else 1
    ordered = sorted(placed, key=lambda entry: entry[1].centre[along])
    centres = [box.centre[along] for _, box in ordered]
    low, high = (plot.x1, plot.x2) if across else (plot.y1, plot.y2)
    regions = []
    for (label, box), (start, end) in zip(ordered, _intervals(centres, low, high), strict=True):
        # A label may stick out beyond the plot; its band always holds at least the label's own middle.
        band = (
            Box(start, min(plot.y1, box.y1), end, max(box.y2, plot.y1 + 1))
            if across
            else Box(0, start, header.width, end)
        )
        if band.area > 0:
            regions.append(Region(kind, label, band))
    return regions


def _run_across(centres: list[tuple[float, float]], plot: Box) -> bool:
    """Whether labels are side by side. A single label is on the horizontal axis, unless it is beside the plot."""
    xs, ys = [x for x, _ in centres], [y for _, y in centres]
    if len(centres) == 1:
        return plot.x1 <= xs[0] <= plot.x2
    return max(xs) - min(xs) >= max(ys) - min(ys)


def _intervals(centres: list[float], low: float, high: float) -> list[tuple[float, float]]:
    """The interval of each centre: half-way to its neighbours, and as far again at both ends."""
    if len(centres) == 1:
        return [(min(low, centres[0]), max(high, centres[0]))]
    cuts = [(left + right) / 2 for left, right in pairwise(centres)]
    first = max(min(low, centres[0]), 2 * centres[0] - cuts[0])
    last = min(max(high, centres[-1]), 2 * centres[-1] - cuts[-1])
    edges = [min(first, cuts[0]), *cuts, max(last, cuts[-1])]
    return list(pairwise(edges))


def _with_unique_labels(regions: list[Region]) -> tuple[Region, ...]:
    """The labels, each once: agents name regions by label, so the second "Jan" of an axis becomes "Jan (2)"."""
    seen: Counter[tuple[str, str]] = Counter()
    unique = []
    for region in regions:
        seen[region.kind, region.label] += 1
        count = seen[region.kind, region.label]
        label = region.label if count == 1 else f"{region.label} ({count})"
        unique.append(Region(region.kind, label, region.box))
    return tuple(unique)
