"""Where an agent looked: the boxes that its zooms show and that its edits mark, in pixels of the original."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from lensmill.geometry import Box
from lensmill.tools import kind_of
from lensmill.trajectory import Step, Trajectory


def zooms_of(trajectory: Trajectory) -> Iterator[Step]:
    """The steps whose zoom showed a picture."""
    for step in trajectory.steps:
        if kind_of(step, trajectory) == "zoom":
            yield step


def shown_by(zoom: Step) -> Box:
    """The part of the original that a zoom's picture shows."""
    assert zoom.observation is not None
    return zoom.observation.images[0].frame.region


def asked_by(zoom: Step) -> Box:
    """The box that a zoom asked for, before the tool enlarged it."""
    assert zoom.action is not None
    return zoom.action.boxes[0][1] if zoom.action.boxes else shown_by(zoom)


def marked_in(trajectory: Trajectory) -> Iterator[Box]:
    """The boxes of the edits, and of an agent's code, that showed a picture."""
    for step in trajectory.steps:
        if step.action is not None and kind_of(step, trajectory) in ("edit", "code"):
            yield from (box for _, box in step.action.boxes)


def area_of(boxes: Iterable[Box]) -> float:
    """The area that boxes cover together, in square pixels; overlaps count once."""
    known = [box for box in boxes if box.area > 0]
    if len(known) < 2:
        return sum(box.area for box in known)
    edges = sorted({x for box in known for x in (box.x1, box.x2)})
    total = 0.0
    for left, right in pairwise(edges):
        spans = sorted((box.y1, box.y2) for box in known if box.x1 <= left and box.x2 >= right)
        top = -float("inf")
        for start, end in spans:
            total += max(0.0, end - max(start, top)) * (right - left)
            top = max(top, end)
    return total


def covered(by: Iterable[Box], boxes: Iterable[Box]) -> float:
    """The area of `boxes` together within any box of `by`, in square pixels."""
    wanted = list(boxes)
    shared = (box.intersection(other) for box in by for other in wanted)
    return area_of(box for box in shared if box is not None)
