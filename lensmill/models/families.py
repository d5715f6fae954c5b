"""What is particular to a family of vision-language models: how it writes boxes, and what pictures cost it."""

from dataclasses import dataclass

from lensmill.geometry import Convention
from lensmill.resolution import image_tokens


@dataclass(frozen=True, slots=True)
class ModelFamily:
    """A family's conventions, from `conf/model/*.yaml`.

    Attributes:
        convention: how it writes boxes about the picture that it was sent.
        factor: the server snaps pictures' sides to multiples of this many pixels; ours are multiples already.
        min_pixels, max_pixels: pictures outside of these are resized by the server, so none is ever sent.
        context_length: tokens of prompt and reply together.
        tokens_per_image: fixed cost of a picture, for models that do not count patches; None counts them.
    """

    convention: Convention = Convention.PIXELS
    factor: int = 28
    min_pixels: int = 3136
    max_pixels: int = 12_845_056
    context_length: int = 32_768
    tokens_per_image: int | None = None

    def image_tokens(self, width: int, height: int) -> int:
        """Tokens of one picture of this size in pixels, its two markers included."""
        if self.tokens_per_image is not None:
            return self.tokens_per_image
        return image_tokens(width, height, self.factor) + 2
