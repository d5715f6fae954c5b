"""Finds rules: long straight edges of lines and of filled bands, and the ink of texts without them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEP = 8
"""Levels of 255 between neighbouring pixels that make an edge; rules of tables are often faint."""

INK_STEP = 40
"""Levels of 255 between neighbours that print has."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight edge: `at` across its direction, from `start` to `end` along it, in canvas pixels."""

    at: float
    start: float
    end: float

    @property
    def length(self) -> float:
        """From end to end."""
        return self.end - self.start


def horizontal_rules(pixels: NDArray[np.uint8], run: int) -> list[Rule]:
    """Horizontal rules, top to bottom. Both edges of a thick line count as one rule.

    Args:
        pixels: height x width x 3.
        run: the shortest piece of an edge in pixels; longer than any stroke of a letter.
    """
    steps = np.abs(np.diff(pixels.astype(np.int16), axis=0)).max(axis=2) > STEP
    if steps.shape[1] <= run or not steps.shape[0]:
        return []
    kept = _runs(steps, run)
    found = []
    for y in np.flatnonzero(kept.any(axis=1)):
        places = np.flatnonzero(kept[y])
        found.append((float(y + 1), kept[y], float(places[0]), float(places[-1] + 1)))
    rules: list[Rule] = []
    group: list[tuple[float, NDArray[np.bool_], float, float]] = []
    for edge in found:
        if group and edge[0] - group[-1][0] > max(3, run // 10):
            rules.append(_joined(group))
            group = []
        group.append(edge)
    return [*rules, _joined(group)] if group else rules


def vertical_rules(pixels: NDArray[np.uint8], run: int) -> list[Rule]:
    """Vertical rules, left to right; see `horizontal_rules`."""
    return horizontal_rules(pixels.transpose(1, 0, 2), run)


def _runs(steps: NDArray[np.bool_], run: int) -> NDArray[np.bool_]:
    """The places along axis 1 that belong to at least `run` edge pixels in a row; breaks of 3 pixels are bridged."""
    bridged = steps.copy()
    for shift in (1, 2, 3):  # a crossing rule interrupts an edge
        bridged[:, shift:-shift] |= steps[:, : -2 * shift] & steps[:, 2 * shift :]
    sums = np.cumsum(np.pad(bridged, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    full = sums[:, run:] - sums[:, :-run] == run
    marks = np.zeros((steps.shape[0], steps.shape[1] + 1), dtype=np.int32)
    marks[:, : full.shape[1]] += full
    marks[:, run : run + full.shape[1]] -= full
    kept: NDArray[np.bool_] = np.cumsum(marks, axis=1)[:, :-1] > 0
    return kept


def _joined(group: list[tuple[float, NDArray[np.bool_], float, float]]) -> Rule:
    at = (group[0][0] + group[-1][0]) / 2
    return Rule(at, min(edge[2] for edge in group), max(edge[3] for edge in group))


def ink(pixels: NDArray[np.uint8], vertical: list[Rule]) -> NDArray[np.bool_]:
    """Where print is: strong steps along x, which horizontal rules and fills lack, outside the vertical rules.

    Returns:
        height x width booleans.
    """
    steps = np.abs(np.diff(pixels.astype(np.int16), axis=1)).max(axis=2) > INK_STEP
    out = np.zeros(pixels.shape[:2], dtype=bool)
    out[:, :-1] |= steps
    out[:, 1:] |= steps
    for rule in vertical:
        top, bottom, at = int(rule.start), int(np.ceil(rule.end)), round(rule.at)
        out[max(0, top - 4) : bottom + 4, max(0, at - 4) : at + 4] = False
    return out
