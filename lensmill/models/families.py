"""The conventions of a family of vision-language models: how it writes boxes, and what pictures cost."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lensmill.geometry import Convention
from lensmill.resolution import MAX_PIXELS, MIN_PIXELS, PATCH_FACTOR, Ladder, image_tokens


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """A family's conventions, from `conf/model/*.yaml`.

    Attributes:
        convention: how the family writes boxes on the picture that it was sent.
        factor: the server rounds the sides of pictures to multiples of this many pixels; lensmill sends multiples.
        min_pixels, max_pixels: the server would resize pictures outside these limits, so lensmill never sends them.
        context_length: tokens of prompt and reply together.
        tokens_per_image: fixed number of tokens of a picture, for models that do not count patches; None counts
            patches.
    """

    convention: Convention = Convention.PIXELS
    factor: int = PATCH_FACTOR
    min_pixels: int = MIN_PIXELS
    max_pixels: int = MAX_PIXELS
    context_length: int = 32_768
    tokens_per_image: int | None = None

    def image_tokens(self, width: int, height: int) -> int:
        """Tokens of one picture of this size in pixels, with its two markers."""
        if self.tokens_per_image is not None:
            return self.tokens_per_image
        return image_tokens(width, height, self.factor) + 2


def within(ladder: Ladder, families: Iterable[ModelFamily]) -> Ladder:
    """The ladder with limits that every one of these families accepts; unchanged without families (the reader)."""
    known = list(families)
    if not known:
        return ladder
    least, most = max(family.min_pixels for family in known), min(family.max_pixels for family in known)
    return replace(ladder, min_pixels=least, max_pixels=most)
