"""Categories of a bar chart whose bar is too short to see. Everything is in canvas pixels."""

from collections.abc import Sequence

from lensmill.perception.axes import Label, pitch
from lensmill.perception.bar_groups import Group, across, extent_of
from lensmill.perception.marks import Orientation
from lensmill.perception.numerals import is_year, parse_numeral
from lensmill.perception.text import TextLine


def empty_groups(
    groups: Sequence[Group], labels: Sequence[Label | None], lines: Sequence[TextLine], orientation: Orientation
) -> list[Group]:
    """Categories whose bar is too short to see: a label in line with the other labels, with a number at the base."""
    known = [label for label in labels if label]
    if not known:
        return []
    extent, step = extent_of(groups), pitch(groups)
    used = {line for label in known for line in label.lines}
    centres = [group.centre for group in groups]
    half = (groups[0].end - groups[0].start) / 2
    numbers = [line for line in lines if line not in used and parse_numeral(line.text) is not None]
    out: list[Group] = []
    for line in lines:
        if line in used or line.angle or (parse_numeral(line.text) is not None and not is_year(line.text)):
            continue
        box, height = line.box, line.box.height
        low, high = across(box, orientation)
        centre = (low + high) / 2
        if min(abs(centre - other) for other in centres) < 0.7 * step:
            continue
        if orientation == "h":
            aligned = box.x2 <= extent.x1 + height and any(
                abs(box.x2 - label.box.x2) < 0.5 * height or abs(box.x1 - label.box.x1) < 0.5 * height
                for label in known
            )
            beside = [n for n in numbers if abs(n.box.centre[1] - centre) < 0.5 * height]
            beside = [n for n in beside if -height < n.box.x1 - extent.x1 < 4 * height]
        else:
            aligned = any(abs(box.y1 - label.box.y1) < 0.5 * height for label in known)
            beside = [n for n in numbers if abs(n.box.centre[0] - centre) < 0.35 * step]
            beside = [n for n in beside if -height < extent.y2 - n.box.y2 < 3 * height]
        if aligned and beside:
            if orientation == "h":  # the number stands in the middle of the row, and a line of a wrapped label does not
                centre = beside[0].box.centre[1]
            out.append(Group(centre - half, centre + half, ()))
            centres.append(centre)
    return out
