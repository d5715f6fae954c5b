"""Confirming a chart's answer: mark what it rests on with an edit, read it again, and look closer where need be."""

import functools
import re
from collections.abc import Sequence

from lensmill.agents.reader.conclusion import Conclusion
from lensmill.agents.reader.looking import Looking, whole_pixels
from lensmill.agents.reader.matching import fold, likeness
from lensmill.agents.reader.questions import ChartAnswer
from lensmill.agents.reader.sheet import Seen
from lensmill.agents.reader.wording import listed, say
from lensmill.geometry import Box, Frame
from lensmill.perception.chart import AxisLabel, Cell, ChartReading
from lensmill.sample import Region
from lensmill.tools import EditKind, edit_name


def mark(looking: Looking, chart: ChartReading, found: ChartAnswer) -> Conclusion | None:
    """Mark the evidence and read it again; an abstention where it says something else now, None otherwise."""
    seen = _mark(looking, chart, found)
    contradicted = [cell for cell in found.cells if cell.text and _contradicts(cell, seen)]
    if contradicted:
        return Conclusion(f'Read again, "{contradicted[0].text}" is not what it says. I do not answer.', None)
    return None


def _mark(looking: Looking, chart: ChartReading, found: ChartAnswer) -> Sequence[Seen]:
    """Mark the parts that the answer rests on, on the sharpest picture that shows them, and read it."""
    target = found.focus[0].value_box
    for label in found.focus[1:]:
        target = target.union(label.value_box)
    index = looking.sharpest(target)
    known, focused = _parts(looking, chart, found, looking.pictures[index].frame)
    if not focused:
        return ()
    kind = _edit_for(len(focused), len(known))
    thought = say(looking.task, "mark", names=listed(focused), verb=_verb(kind, len(focused)))
    arguments: dict[str, object] = {"labels": focused, "image": index}
    if not _given(looking, found):
        arguments["boxes"] = known if kind == "mask" else {name: known[name] for name in focused}
    places = [cell.box for cell in found.cells] or [label.text_box for label in found.focus]
    return looking.edit(edit_name(kind, found.focus_kind), arguments, thought, functools.reduce(Box.union, places))


def _verb(kind: EditKind, count: int) -> str:
    what = "it" if count == 1 else "them"
    verbs: dict[EditKind, str] = {
        "highlight": f"highlight {what}",
        "draw": f"draw a red outline around {what}",
        "mask": "mask all the others",
    }
    return verbs[kind]


def _edit_for(focused: int, known: int) -> EditKind:
    """One part is highlighted, a few are outlined; many are easier to see with the rest masked."""
    if focused == 1:
        return "highlight"
    return "draw" if focused <= 4 or focused == known else "mask"


def _given(looking: Looking, found: ChartAnswer) -> dict[str, Region]:
    """The named parts that came with the picture, if every focused label is one of them: folded name -> part."""
    given = {fold(region.label): region for region in looking.task.regions if region.kind == found.focus_kind}
    return given if all(fold(label.text) in given for label in found.focus) else {}


def _parts(
    looking: Looking, chart: ChartReading, found: ChartAnswer, frame: Frame
) -> tuple[dict[str, list[int]], list[str]]:
    """Every part that an edit may name, with its box in whole pixels of the picture, and the focused names."""
    given = _given(looking, found)
    if given:
        known = {region.label: region.box for region in given.values()}
        focused = [given[fold(label.text)].label for label in found.focus]
    else:
        labels = _labels_of(chart, found)
        names = _names(labels)
        known = {name: label.value_box for name, label in zip(names, labels, strict=True)}
        focused = [name for name, label in zip(names, labels, strict=True) if label in found.focus]
    boxes = {}
    for name, box in known.items():
        here = frame.from_original(box)
        if here.clip(frame.bounds) is not None:
            boxes[name] = list(whole_pixels(here, frame))
    return boxes, [name for name in dict.fromkeys(focused) if name in boxes]


def _labels_of(chart: ChartReading, found: ChartAnswer) -> tuple[AxisLabel, ...]:
    """All labels of the kind that the answer points at, the focused ones always among them."""
    known = chart.x_labels if found.focus_kind == "x_values" else chart.y_labels
    if any(label not in known for label in found.focus):
        known = chart.categories
    if any(label not in known for label in found.focus):
        known = found.focus
    return known


def _names(labels: Sequence[AxisLabel]) -> list[str]:
    """A name for each label, told apart where two print the same."""
    names: list[str] = []
    for label in labels:
        name, count = label.text, 2
        while name in names:
            name, count = f"{label.text} ({count})", count + 1
        names.append(name)
    return names


def _digits(text: str) -> str:
    return re.sub(r"[^\d.]", "", text).strip(".")


def _at(value: Cell, seen: Sequence[Seen]) -> list[Seen]:
    return [line for line in seen if line.box.intersection(value.box) is not None]


def _reads(value: Cell, seen: Sequence[Seen]) -> bool:
    """Does a reading of the same place hold the same number (or, for words, about the same text)?"""
    for line in _at(value, seen):
        if _digits(value.text):
            if _digits(value.text) in _digits(line.text):
                return True
        elif likeness(value.text, line.text) >= 0.8:
            return True
    return False


def _contradicts(value: Cell, seen: Sequence[Seen]) -> bool:
    """Does a sure reading of the same place, taken from closer, hold another number?"""
    there = [line for line in _at(value, seen) if line.score >= 0.9 and not line.cut and _digits(line.text)]
    return bool(there) and not _reads(value, there)
