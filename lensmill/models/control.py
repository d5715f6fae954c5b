"""A small call with the same fields as another call. It shows whether a server refuses that call or every call."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from PIL import Image

from lensmill.geometry import Frame
from lensmill.models.chat import ChatRequest, Sampling
from lensmill.models.families import ModelFamily
from lensmill.picture import Encoded, Picture, encode
from lensmill.trajectory import Message, Part

MAX_TOKENS = 64
"""Enough tokens for an OK. A reasoning model is cut off, which counts as an answer too."""


def small_call(
    family: ModelFamily,
    sampling: Sampling,
    picture: bool,
    seed: int = 0,
    structure: Mapping[str, Any] | None = None,
) -> ChatRequest:
    """A call that any server of the family can answer, in about `MAX_TOKENS` tokens.

    Args:
        family: the model's conventions.
        sampling: as the job's calls have it.
        picture: show a blank picture of the family's smallest size.
        structure: as the job's calls have it.
    """
    parts = (Part(image=0), Part("Reply with OK.")) if picture else (Part("Reply with OK."),)
    images = (blank(family.factor, family.min_pixels),) if picture else ()
    sampling = replace(sampling, max_tokens=min(sampling.max_tokens, MAX_TOKENS))
    return ChatRequest((Message("user", parts),), images, sampling, seed, structure=structure)


def control_of(request: ChatRequest, family: ModelFamily) -> ChatRequest:
    """The small call that has the same fields as `request`."""
    return small_call(family, request.sampling, bool(request.images), request.seed, request.structure)


@lru_cache(maxsize=8)
def blank(factor: int, min_pixels: int) -> Encoded:
    """A white square of at least `min_pixels` pixels, with sides that are multiples of `factor`."""
    side = factor * max(2, math.ceil(math.sqrt(min_pixels) / factor))
    return encode(Picture(Image.new("RGB", (side, side), "white"), Frame.whole((side, side))))
