"""The form and the unit of boxes, as far as their numbers and the sizes of their pictures decide them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from storage.sources.table.boxes import Numbers

Seen = tuple[str, Numbers, tuple[int, int]]
"""The form that a box's names say or "", its numbers, and (width, height) of the picture that the numbers are about."""

FIT = 0.98
"""The share of boxes that must lie within their pictures."""

CHANCE = 0.01
"""Two units may both fit. The one under which so good a fit of the other is likelier chance than this is left."""


@dataclass(frozen=True)
class BoxForm:
    """What fits: one form and one unit, or several."""

    forms: tuple[str, ...]
    units: tuple[str, ...]


def form_of(seen: Sequence[Seen]) -> BoxForm:
    """The forms and units that fit the boxes; several where the numbers decide nothing."""
    said = {name for name, _, _ in seen}
    forms = tuple(said) if said and "" not in said and len(said) == 1 else ("xyxy", "xywh")
    numbers = [number for _, four, _ in seen for number in four]
    if numbers and max(map(abs, numbers)) <= 1.0:
        return BoxForm(_fitting(seen, forms, "unit"), ("unit",))
    by_unit = {unit: _fitting(seen, forms, unit) for unit in ("pixels", "thousand")}
    units = tuple(unit for unit, fitting in by_unit.items() if fitting)
    if len(units) == 2:
        small, large = (math.prod(_within(size, unit) for _, _, size in seen) for unit in units)
        units = units[:1] if small < CHANCE <= large else units[1:] if large < CHANCE <= small else units
    if not units:
        return BoxForm((), ())
    return BoxForm(tuple(form for form in forms if any(form in by_unit[unit] for unit in units)), units)


def _fitting(seen: Sequence[Seen], forms: Sequence[str], unit: str) -> tuple[str, ...]:
    return tuple(
        form for form in forms if sum(_fits(four, size, form, unit) for _, four, size in seen) >= FIT * len(seen)
    )


def _within(size: tuple[int, int], unit: str) -> float:
    """The chance that a box of the other unit lies within this unit's range."""
    width, height = size
    if unit == "pixels":
        return min(1.0, width / 1000) * min(1.0, height / 1000)
    return min(1.0, 1000 / width) * min(1.0, 1000 / height)


def _fits(four: Numbers, size: tuple[int, int], form: str, unit: str) -> bool:
    spans = {"pixels": size, "unit": (1.0, 1.0), "thousand": (1000.0, 1000.0)}[unit]
    x1, y1, third, fourth = four
    x2, y2 = (x1 + third, y1 + fourth) if form == "xywh" else (third, fourth)
    slack = 0.005
    return (
        x1 >= -slack * spans[0]
        and y1 >= -slack * spans[1]
        and x1 < x2 <= spans[0] * (1 + slack)
        and y1 < y2 <= spans[1] * (1 + slack)
    )
