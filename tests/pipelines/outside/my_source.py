"""A source: pictures of one digit each, drawn as they are read."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageDraw

from lensmill.sample import Sample, sample_id_of
from storage.sources.protocol import SlicedSource, SourceFailure, SourceItem
from storage.sources.spec import SourceSettings, SourceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitSettings(SourceSettings):
    """Pictures of one digit each."""

    name: Literal["digits"] = "digits"
    most: int
    """the last digit"""


@dataclass(frozen=True, slots=True)
class Digit:
    """A slice: the picture of one digit."""

    number: int
    rows: int | None = 1


class DigitSource(SlicedSource[Digit]):
    name = "digits"

    def __init__(self, most: int) -> None:
        self._most = most

    def slices(self) -> Iterator[Digit]:
        yield from map(Digit, range(self._most + 1))

    def read_slice(self, part: Digit) -> Iterator[SourceItem | SourceFailure]:
        digit, question = str(part.number), "Which digit is it?"
        picture, file = Image.new("RGB", (600, 400), "white"), io.BytesIO()
        ImageDraw.Draw(picture).text((280, 180), digit, "black", font_size=40)
        picture.save(file, "png")
        image_id = hashlib.sha256(file.getvalue()).hexdigest()
        sample_id = sample_id_of(image_id, question, (digit,))
        sample = Sample(sample_id, image_id, 600, 400, question, (digit,), source=self.name, origin=f"digit {digit}")
        yield SourceItem(sample, file.getvalue())


SPEC = SourceSpec(
    settings=DigitSettings,
    build=lambda settings: DigitSource(settings.most),
    version=7,
    licence="CC0-1.0",
    not_in_recipe=frozenset({"most"}),
)
