"""The resolution ladder: which sizes of an image a build looks at, and how large each view is.

A rung is named by its side: a view on it has at most side x side pixels, keeps the image's aspect ratio and has
sides that are multiples of the model's patch factor (28 for Qwen2.5-VL, 32 for Qwen3-VL; the rule is the one
those models' own preprocessors use, so what we count is what they see).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.geometry import Frame

LADDER = (224, 448, 672, 896, 1344, 1792, 2688, 3840)
"""The eight default rungs. 3840 squared is the budget that Chain-of-Focus trains with (its image_max_pixels)."""

PATCH_FACTOR = 28
"""Patch side times merge size of Qwen2.5-VL."""

MAX_ASPECT = 200
"""Qwen's preprocessors refuse pictures that are longer than this."""


def fit(width: float, height: float, max_pixels: int, factor: int = PATCH_FACTOR) -> tuple[int, int]:
    """The size nearest to width x height whose sides are multiples of `factor` and whose area is at most `max_pixels`.

    Both sides are rounded to the nearest multiple first; only where that exceeds the budget is the picture scaled
    down and rounded towards zero, and a side that would vanish stays at one factor.

    Raises:
        ValueError: the budget is below one patch, or the aspect ratio above MAX_ASPECT.
    """
    if max_pixels < factor * factor:
        raise ValueError(f"{max_pixels} pixels are less than one patch of {factor}x{factor}")
    if max(width, height) > MAX_ASPECT * min(width, height) * (1 + 1e-9):  # scaling may round 200:1 upwards
        raise ValueError(f"{width:g}x{height:g} is longer than {MAX_ASPECT}:1")
    columns, rows = max(1, round(width / factor)), max(1, round(height / factor))
    budget = max_pixels // (factor * factor)
    if columns * rows > budget:
        shrink = min(1.0, math.sqrt(max_pixels / (width * height)))
        columns = max(1, math.floor(width * shrink / factor))
        rows = max(1, math.floor(height * shrink / factor))
        if columns < rows:  # a short side that was kept at one patch is paid for by the long one
            rows = min(rows, budget // columns)
        else:
            columns = min(columns, budget // rows)
    return (columns * factor, rows * factor)


def view_frame(original: tuple[int, int], rung: int, factor: int = PATCH_FACTOR, upscale: bool = False) -> Frame:
    """The frame of the view of an image of size (width, height) on a rung.

    Without `upscale` a view is never larger than the image (to within one patch of snapping).
    """
    width, height = original
    grow = math.sqrt(rung * rung / (width * height))
    if not upscale:
        grow = min(1.0, grow)
    return Frame.whole(original, fit(width * grow, height * grow, rung * rung, factor))


def rungs_for(original: tuple[int, int], ladder: Sequence[int] = LADDER, upscale: bool = False) -> tuple[int, ...]:
    """The rungs of the ladder on which an image of size (width, height) has something new to show.

    A rung is skipped when a lower one already shows every pixel of the image: the first rung that is at least as
    large as the image shows it at its own size, and those above it would only repeat that. `upscale` keeps all.
    """
    rungs = tuple(sorted(set(ladder)))
    if upscale:
        return rungs
    width, height = original
    lower = (0, *rungs)
    return tuple(rung for below, rung in zip(lower, rungs, strict=False) if below * below < width * height)


def image_tokens(width: int, height: int, factor: int = PATCH_FACTOR) -> int:
    """Tokens that a patch model spends on a picture of this size (one per merged patch)."""
    return math.ceil(width / factor) * math.ceil(height / factor)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of a build; part of the recipe.

    Attributes:
        rungs: sides in pixels.
        factor: sides of views are multiples of this many pixels.
        upscale: enlarge small pictures to every rung, as Chain-of-Focus does.
    """

    rungs: tuple[int, ...] = LADDER
    factor: int = PATCH_FACTOR
    upscale: bool = False

    def __post_init__(self) -> None:
        if not self.rungs:
            raise ValueError("the ladder needs at least one rung")
        if self.factor < 1:
            raise ValueError(f"factor must be at least 1, got {self.factor}")
        for rung in self.rungs:
            if not self.factor <= rung <= 16384:
                raise ValueError(f"a rung must be from {self.factor} to 16384 pixels, got {rung}")

    def rungs_for(self, original: tuple[int, int]) -> tuple[int, ...]:
        """The rungs on which an image of size (width, height) is looked at; see `rungs_for`."""
        return rungs_for(original, self.rungs, self.upscale)

    def frame(self, original: tuple[int, int], rung: int) -> Frame:
        """The frame of the view of an image of size (width, height) on a rung."""
        return view_frame(original, rung, self.factor, self.upscale)
