"""Groups of bars: the bars that stand side by side for one category, and those that are stacked."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.geometry import Box
from lensmill.perception.marks import Colour, Orientation, Patch, near


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar or segment. `box` is in canvas pixels; `key` is the number of its colour among the chart's colours."""

    box: Box
    colour: Colour
    key: int


@dataclass(frozen=True, slots=True)
class Group:
    """The bars of one category, and their extent along the category axis in canvas pixels."""

    start: float
    end: float
    bars: tuple[Bar, ...]

    @property
    def centre(self) -> float:
        """The middle of the extent."""
        return (self.start + self.end) / 2


def across(box: Box, orientation: Orientation) -> tuple[float, float]:
    """The extent of a box along the category axis."""
    return (box.x1, box.x2) if orientation == "v" else (box.y1, box.y2)


def along(box: Box, orientation: Orientation) -> tuple[float, float]:
    """The extent of a box along the value axis, top to bottom or left to right."""
    return (box.y1, box.y2) if orientation == "v" else (box.x1, box.x2)


def join_pieces(found: Sequence[Patch], orientation: Orientation, text_height: float) -> tuple[Patch, ...]:
    """Join the pieces of a bar that a number printed across the bar has cut apart."""
    joined: list[Patch] = []
    for patch in sorted(found, key=lambda p: (*across(p.box, orientation), *along(p.box, orientation))):
        for index, other in enumerate(joined):
            if not near(patch.colour, other.colour) or not _same_strip(patch.box, other.box, orientation):
                continue
            (a1, a2), (b1, b2) = along(other.box, orientation), along(patch.box, orientation)
            low, high = min(a2, b2), max(a1, b1)
            if high - low <= 1.3 * text_height and not _parted(patch, low, high, found, orientation):
                joined[index] = Patch(other.box.union(patch.box), other.colour, min(other.fill, patch.fill))
                break
        else:
            joined.append(patch)
    return tuple(joined)


def _parted(patch: Patch, low: float, high: float, found: Sequence[Patch], orientation: Orientation) -> bool:
    """Whether a patch of another colour lies in the gap from `low` to `high` in a patch's strip."""
    return any(
        low - 2 <= sum(along(third.box, orientation)) / 2 <= high + 2
        and not near(third.colour, patch.colour)
        and _same_strip(third.box, patch.box, orientation)
        for third in found
    )


def _same_strip(a: Box, b: Box, orientation: Orientation) -> bool:
    (a1, a2), (b1, b2) = across(a, orientation), across(b, orientation)
    return min(a2, b2) - max(a1, b1) > 0.7 * min(a2 - a1, b2 - b1)


def group_bars(found: Sequence[Patch], orientation: Orientation) -> tuple[Group, ...]:
    """Group the bars of a chart. The groups are in reading order along the category axis."""
    keys: list[Colour] = []
    bars = []
    for patch in sorted(found, key=lambda p: (across(p.box, orientation)[0], along(p.box, orientation)[0])):
        key = next((i for i, colour in enumerate(keys) if near(colour, patch.colour)), len(keys))
        if key == len(keys):
            keys.append(patch.colour)
        bars.append(Bar(patch.box, keys[key], key))
    strips: list[list[Bar]] = []
    for bar in bars:
        strip = next((strip for strip in strips if _same_strip(strip[0].box, bar.box, orientation)), None)
        if strip is None:
            strips.append([bar])
        else:
            strip.append(bar)
    strips.sort(key=lambda strip: across(strip[0].box, orientation))
    grouped = _chunks(strips, orientation)
    return tuple(_group(chunk, orientation) for chunk in grouped)


def _group(strips: Sequence[Sequence[Bar]], orientation: Orientation) -> Group:
    bars = [bar for strip in strips for bar in sorted(strip, key=lambda b: along(b.box, orientation))]
    spans = [across(bar.box, orientation) for bar in bars]
    return Group(min(s for s, _ in spans), max(e for _, e in spans), tuple(bars))


def _chunks(strips: Sequence[Sequence[Bar]], orientation: Orientation) -> list[list[Sequence[Bar]]]:
    """Neighbouring strips belong together while each brings a new colour and the gaps stay as small as the first gap.

    If less than half of the resulting groups have all colours, the colours do not stand for series.
    """
    single = [[strip] for strip in strips]
    counts = Counter(strip[0].key for strip in strips)
    stacked = sum(len({bar.key for bar in strip}) > 1 for strip in strips) > len(strips) / 4
    if stacked or len(counts) < 2 or max(counts.values()) < 2:
        return single
    gaps = [across(b[0].box, orientation)[0] - across(a[0].box, orientation)[1] for a, b in itertools.pairwise(strips)]
    fresh = [gap for gap, a, b in zip(gaps, strips, strips[1:], strict=False) if a[0].key != b[0].key]
    if not fresh:
        return single
    widest = min(fresh) + 0.35 * (across(strips[0][0].box, orientation)[1] - across(strips[0][0].box, orientation)[0])
    chunks: list[list[Sequence[Bar]]] = []
    for index, strip in enumerate(strips):
        seen = {bar.key for other in chunks[-1] for bar in other} if chunks else set()
        if chunks and strip[0].key not in seen and gaps[index - 1] <= widest + 2:
            chunks[-1].append(strip)
        else:
            chunks.append([strip])
    full = sum(len(chunk) == len(counts) for chunk in chunks)
    return chunks if full >= 0.5 * len(chunks) else single


def extent_of(groups: Sequence[Group]) -> Box:
    """The box around all bars, in canvas pixels."""
    boxes = [bar.box for group in groups for bar in group.bars]
    extent = boxes[0]
    for box in boxes[1:]:
        extent = extent.union(box)
    return extent
