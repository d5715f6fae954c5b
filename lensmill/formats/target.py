"""The model that will be trained: how it takes boxes, and how its trainer resizes pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from lensmill.geometry import Box, Convention, Frame
from lensmill.models.families import ModelFamily
from lensmill.resolution import fit


@dataclass(frozen=True, slots=True)
class Target:
    """A family of models as a target of training.

    Attributes:
        name: of the family, e.g. "qwen2_5_vl".
        family: its conventions. `max_pixels` may be lower than the model's own: the trainer's limit of one picture.
        model: one model of the family, for commands.
    """

    name: str
    family: ModelFamily
    model: str = ""

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """The size in pixels at which the model gets a picture of this size; unchanged where sizes do not matter.

        Raises:
            ValueError: the aspect ratio is above `lensmill.resolution.MAX_ASPECT`.
        """
        family = self.family
        if family.tokens_per_image is not None:
            return width, height
        return fit(width, height, family.max_pixels, family.factor, family.min_pixels)

    def image_tokens(self, width: int, height: int) -> int:
        """Tokens of one picture of this size in pixels, with its two markers.

        Raises:
            ValueError: see `resized`.
        """
        return self.family.image_tokens(*self.resized(width, height))

    def numbers(self, box: Box, frame: Frame) -> tuple[float, float, float, float]:
        """A box in original pixels as the model must write the box about the picture of this frame: in pixels after
        the trainer's resize, or in parts of the picture.

        Raises:
            ValueError: see `resized`.
        """
        return self.family.convention.write_original(box, self.seen(frame))

    def seen(self, frame: Frame) -> Frame:
        """The frame of a picture after the trainer's resize.

        Raises:
            ValueError: see `resized`.
        """
        return Frame(frame.region, *self.resized(frame.width, frame.height))


_THOUSAND = Convention.THOUSAND

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        target.name: target
        for target in (
            Target(
                "qwen2_5_vl",
                ModelFamily(Convention.PIXELS, 28, 3_136, 12_845_056, 128_000),
                "Qwen/Qwen2.5-VL-7B-Instruct",
            ),
            Target("qwen3_vl", ModelFamily(_THOUSAND, 32, 65_536, 16_777_216, 262_144), "Qwen/Qwen3-VL-8B-Instruct"),
            Target("internvl", ModelFamily(_THOUSAND, 28, 1, 2_408_448, 32_768, 3_330), "OpenGVLab/InternVL3-8B-hf"),
            Target("gemma3", ModelFamily(_THOUSAND, 14, 1, 896 * 896, 131_072, 260), "google/gemma-3-12b-it"),
            Target(
                "llama3_2_vision",
                ModelFamily(_THOUSAND, 14, 1, 4 * 560 * 560, 131_072, 1),
                "meta-llama/Llama-3.2-11B-Vision-Instruct",
            ),
        )
    }
)
"""Families by name. Limits are of one picture in pixels, and of a row in tokens. InternVL, Gemma and Llama cut or scale
a picture by rules of their own, so boxes for them are in thousandths, which a resize does not change; Llama 3.2 gives a
picture to cross-attention, as one token of the text."""


def target_of(name: str, max_pixels: int = 0, convention: str = "") -> Target:
    """A target by name.

    Args:
        max_pixels: the trainer's limit of one picture; 0 for the model's own.
        convention: how boxes are to be written ("pixels", "thousand", "unit"); "" for the family's convention.

    Raises:
        ValueError: there is no such target, or the limit holds no patch.
    """
    if name not in TARGETS:
        raise ValueError(f"there is no target {name[:60]!r}: choose one of {', '.join(TARGETS)}")
    family = TARGETS[name].family
    if max_pixels and not family.factor**2 <= max_pixels:
        raise ValueError(f"max_pixels must be at least {family.factor**2} (one patch of {name}), got {max_pixels}")
    if max_pixels:
        most = min(max_pixels, family.max_pixels)
        family = replace(family, max_pixels=most, min_pixels=min(family.min_pixels, most))
    if convention:
        family = replace(family, convention=Convention(convention))
    return Target(name, family, TARGETS[name].model)
