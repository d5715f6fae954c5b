"""The drawn pictures as a source of samples."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from lensmill.sample import Sample, sample_id_of
from storage.sources.protocol import SlicedSource, SourceFailure, SourceItem
from storage.sources.synthetic.charts import Illustration, illustrate_chart
from storage.sources.synthetic.posters import illustrate_poster

LICENCE = "CC0-1.0"

PICTURES_A_SLICE = 4
"""About a second of work."""


@dataclass(frozen=True, slots=True)
class PictureRange:
    """Pictures by number, from `first` to before `end`, which have so many rows at most."""

    first: int
    end: int
    rows: int


@dataclass(frozen=True)
class SyntheticSource(SlicedSource[PictureRange]):
    """Charts, tables and posters, drawn from public-domain figures while they are read.

    Chart i and poster i depend only on `seed`, i and `side`: a larger set starts with the pictures of a smaller one.

    Attributes:
        charts, posters: number of pictures of each; the posters are spread evenly among the charts.
        questions_per_picture: maximum samples of one picture.
        side: the longer side of a picture, in pixels.
    """

    seed: int = 0
    charts: int = 20
    posters: int = 4
    questions_per_picture: int = 3
    side: int = 3840

    def __post_init__(self) -> None:
        if self.charts < 0 or self.posters < 0:
            raise ValueError(f"charts and posters must not be negative, got {self.charts} and {self.posters}")
        if self.questions_per_picture < 1:
            raise ValueError(f"questions_per_picture must be at least 1, got {self.questions_per_picture}")
        if not 480 <= self.side <= 7680:
            raise ValueError(f"side must be from 480 to 7680 pixels, got {self.side}")

    @property
    def name(self) -> str:
        """ "synthetic"."""
        return "synthetic"

    def slices(self) -> Iterator[PictureRange]:
        """A few pictures at a time."""
        for first in range(0, self.charts + self.posters, PICTURES_A_SLICE):
            end = min(self.charts + self.posters, first + PICTURES_A_SLICE)
            yield PictureRange(first, end, (end - first) * self.questions_per_picture)

    def read_slice(self, part: PictureRange) -> Iterator[SourceItem | SourceFailure]:
        """Draws these pictures."""
        for number in range(part.first, part.end):
            name, illustration = self._illustration(number)
            image_id = hashlib.sha256(illustration.png).hexdigest()
            for sample in self._samples(name, illustration, image_id):
                yield SourceItem(sample, illustration.png)

    def illustrations(self) -> Iterator[tuple[str, Illustration]]:
        """Every picture with its name ("chart 0", "poster 0"), one at a time."""
        return map(self._illustration, range(self.charts + self.posters))

    def _illustration(self, number: int) -> tuple[str, Illustration]:
        poster, due = (place * self.posters // (self.charts + self.posters) for place in (number, number + 1))
        if due > poster:
            return f"poster {poster}", illustrate_poster(self.seed, poster, self.questions_per_picture, self.side)
        chart = number - poster
        return f"chart {chart}", illustrate_chart(self.seed, chart, self.questions_per_picture, self.side)

    def _samples(self, name: str, illustration: Illustration, image_id: str) -> Iterator[Sample]:
        for place, question in enumerate(illustration.questions):
            yield Sample(
                sample_id=sample_id_of(image_id, question.text, question.answers, question.choices),
                image_id=image_id,
                width=illustration.width,
                height=illustration.height,
                question=question.text,
                answers=question.answers,
                choices=question.choices,
                regions=illustration.regions,
                targets=question.targets,
                source=self.name,
                subset=illustration.kind,
                split="train",
                licence=LICENCE,
                origin=f"synthetic seed {self.seed}, {name}, question {place}",
            )
