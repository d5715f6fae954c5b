"""The drawn pictures as a source of samples."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from lensmill.sample import Sample, sample_id_of
from storage.sources.protocol import SourceFailure, SourceItem
from storage.sources.synthetic.charts import Illustration, illustrate_chart
from storage.sources.synthetic.posters import illustrate_poster

LICENCE = "CC0-1.0"


@dataclass(frozen=True)
class SyntheticSource:
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

    def read(self) -> Iterator[SourceItem | SourceFailure]:
        """Draw the pictures and yield one item for each question."""
        for name, illustration in self.illustrations():
            image_id = hashlib.sha256(illustration.png).hexdigest()
            for sample in self._samples(name, illustration, image_id):
                yield SourceItem(sample, illustration.png)

    def illustrations(self) -> Iterator[tuple[str, Illustration]]:
        """Every picture with its name ("chart 0", "poster 0"), one at a time."""
        posters = 0
        for index in range(self.charts + self.posters):
            due = (index + 1) * self.posters // (self.charts + self.posters)
            if due > posters:
                made = illustrate_poster(self.seed, posters, self.questions_per_picture, self.side)
                yield f"poster {posters}", made
                posters = due
            else:
                chart = index - posters
                yield f"chart {chart}", illustrate_chart(self.seed, chart, self.questions_per_picture, self.side)

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
