"""The resolution ladder: the sizes at which a build looks at an image, and the size of each view.

A rung is named by its side. A view on a rung has at most side x side pixels, keeps the image's aspect ratio, and has
sides that are multiples of the model's patch factor (28 for Qwen2.5-VL, 32 for Qwen3-VL). The models' own preprocessors
use the same rule, so the size that is counted is the size that the model sees. No picture exceeds the limits of its
model: the preprocessor would silently resize it, and boxes about it would shift.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lensmill.geometry import Frame

LADDER = (224, 448, 672, 896, 1344, 1792, 2688, 3840)
"""The eight default rungs. 3840 squared is the pixel budget of Chain-of-Focus' training (its image_max_pixels)."""

PATCH_FACTOR = 28
"""Patch side times merge size of Qwen2.5-VL."""

MAX_ASPECT = 200
"""Qwen's preprocessors refuse pictures with a larger aspect ratio."""

MAX_RUNG = 16_384
"""Pixels: the largest rung of a ladder."""

MIN_PIXELS, MAX_PIXELS = 3_136, 12_845_056
"""Qwen2.5-VL's limits of one picture (4 and 16,384 patches of 28x28). Its maximum is the smallest among these families.
So these limits also apply to pictures that no model sees before training."""


def fit(
    width: float, height: float, max_pixels: int, factor: int = PATCH_FACTOR, min_pixels: int = 0
) -> tuple[int, int]:
    """The size nearest to width x height whose sides are multiples of `factor` and whose area lies within the limits.

    First both sides are rounded to the nearest multiple. If the area then misses a limit, the picture is scaled up and
    rounded up, or scaled down and rounded down. A side is at least one factor, and a long side is shortened if snapping
    would exceed MAX_ASPECT. If whole patches cannot meet both limits, `max_pixels` holds.

    Raises:
        ValueError: the budget is below one patch, or the aspect ratio above MAX_ASPECT.
    """
    if max_pixels < factor * factor:
        raise ValueError(f"{max_pixels} pixels are less than one patch of {factor}x{factor}")
    if max(width, height) > MAX_ASPECT * min(width, height) * (1 + 1e-9):  # scaling may round 200:1 up
        raise ValueError(f"{width:g}x{height:g} is longer than {MAX_ASPECT}:1")
    columns, rows = _not_too_long(max(1, round(width / factor)), max(1, round(height / factor)))
    budget = max_pixels // (factor * factor)
    if columns * rows * factor * factor < min_pixels:
        grow = math.sqrt(min_pixels / (width * height))
        columns, rows = math.ceil(width * grow / factor), math.ceil(height * grow / factor)
    if columns * rows > budget:
        shrink = min(1.0, math.sqrt(max_pixels / (width * height)))
        columns = max(1, math.floor(width * shrink / factor))
        rows = max(1, math.floor(height * shrink / factor))
        if columns < rows:  # shorten the long side for a short side that was kept at one patch
            rows = min(rows, budget // columns)
        else:
            columns = min(columns, budget // rows)
    columns, rows = _not_too_long(columns, rows)
    return (columns * factor, rows * factor)


def _not_too_long(columns: int, rows: int) -> tuple[int, int]:
    return (min(columns, MAX_ASPECT * rows), min(rows, MAX_ASPECT * columns))


def view_frame(
    original: tuple[int, int],
    rung: int,
    factor: int = PATCH_FACTOR,
    upscale: bool = False,
    min_pixels: int = MIN_PIXELS,
    max_pixels: int = MAX_PIXELS,
) -> Frame:
    """The frame of the view of an image of size (width, height) on a rung, within a model's limits of one picture.

    Without `upscale` a view is never larger than the image (up to snapping by one patch), unless the image has fewer
    than `min_pixels`.
    """
    width, height = original
    budget = min(rung * rung, max_pixels)
    grow = math.sqrt(budget / (width * height))
    if not upscale:
        grow = min(1.0, grow)
    return Frame.whole(original, fit(width * grow, height * grow, budget, factor, min_pixels))


def rungs_for(
    original: tuple[int, int], ladder: Sequence[int] = LADDER, upscale: bool = False, max_pixels: int = MAX_PIXELS
) -> tuple[int, ...]:
    """The rungs of the ladder on which an image of size (width, height) shows something new.

    A rung is skipped if a lower one already shows every pixel of the image: the first rung that is at least as large as
    the image shows it at its own size, and higher rungs would repeat that. With `upscale` they stay. A rung is also
    skipped if its views would not be larger than those of a lower rung, because of the model's maximum.
    """
    rungs = tuple(sorted(set(ladder)))
    budgets = [min(rung * rung, max_pixels) for rung in rungs]
    width, height = original
    return tuple(
        rung
        for below, budget, rung in zip((0, *budgets), budgets, rungs, strict=False)
        if below < budget and (upscale or below < width * height)
    )


def image_tokens(width: int, height: int, factor: int = PATCH_FACTOR) -> int:
    """Tokens of a picture of this size in a patch model (one for each merged patch)."""
    return math.ceil(width / factor) * math.ceil(height / factor)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs of a build; part of the recipe.

    Attributes:
        rungs: sides in pixels.
        factor: sides of views are multiples of this many pixels.
        upscale: enlarge small pictures to every rung, as Chain-of-Focus does.
        min_pixels, max_pixels: limits of any picture that an episode shows: those of the models that see it (`within`).
    """

    rungs: tuple[int, ...] = LADDER
    factor: int = PATCH_FACTOR
    upscale: bool = False
    min_pixels: int = MIN_PIXELS
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        if not self.rungs:
            raise ValueError("the ladder needs at least one rung")
        if self.factor < 1:
            raise ValueError(f"factor must be at least 1, got {self.factor}")
        if self.min_pixels < 0 or self.max_pixels < self.factor * self.factor:
            raise ValueError(
                f"a picture cannot have from {self.min_pixels} to {self.max_pixels} pixels in patches of {self.factor}"
            )
        for rung in self.rungs:
            if not self.factor <= rung <= MAX_RUNG:
                raise ValueError(f"a rung must be from {self.factor} to {MAX_RUNG} pixels, got {rung}")

    def rungs_for(self, original: tuple[int, int]) -> tuple[int, ...]:
        """The rungs of the views of an image of size (width, height); see `rungs_for`."""
        return rungs_for(original, self.rungs, self.upscale, self.max_pixels)

    def own_rung(self, original: tuple[int, int]) -> int | None:
        """The lowest rung whose view has the size of an image of (width, height), in whole patches and within the
        limits; None if the ladder has no such rung."""
        own = view_frame(original, MAX_RUNG, self.factor, False, self.min_pixels, self.max_pixels)
        return next((rung for rung in sorted(self.rungs) if self.frame(original, rung) == own), None)

    def frame(self, original: tuple[int, int], rung: int) -> Frame:
        """The frame of the view of an image of size (width, height) on a rung."""
        return view_frame(original, rung, self.factor, self.upscale, self.min_pixels, self.max_pixels)
