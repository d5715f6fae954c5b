"""The drawn pictures as a source of samples."""

import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lensmill.sample import Sample, sample_id_of
from storage.sources.protocol import SlicedSource, SourceFailure, SourceItem
from storage.sources.synthetic.charts import illustrate_chart
from storage.sources.synthetic.difficulty import PLAIN, Difficulty
from storage.sources.synthetic.documents import illustrate_document
from storage.sources.synthetic.figures import illustrate_figure
from storage.sources.synthetic.harder import illustrate_hard_chart
from storage.sources.synthetic.illustration import Illustration
from storage.sources.synthetic.posters import illustrate_poster
from storage.sources.synthetic.table_pictures import illustrate_table

LICENCE = "CC0-1.0"

Illustrate = Callable[[int, int, int, int], Illustration]
"""Draws a picture from seed, number, maximum of questions, and longer side in pixels."""

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
    """Charts, posters, figures, tables and documents, drawn from public-domain figures while they are read.

    Picture i of a kind depends only on `seed`, i and `side`: a larger set holds the pictures of a smaller one.

    Attributes:
        charts, posters, figures, tables, documents: number of pictures of each kind, spread evenly.
        difficulty: of the charts.
        questions_per_picture: maximum samples of one picture.
        side: the longer side of a picture, in pixels.
    """

    seed: int = 0
    charts: int = 20
    posters: int = 4
    questions_per_picture: int = 3
    side: int = 3840
    figures: int = 0
    tables: int = 0
    documents: int = 0
    difficulty: Difficulty = PLAIN

    def __post_init__(self) -> None:
        for kind, count, _ in self._kinds:
            if count < 0:
                raise ValueError(f"{kind}s must not be negative, got {count}")
        if self.questions_per_picture < 1:
            raise ValueError(f"questions_per_picture must be at least 1, got {self.questions_per_picture}")
        if not 480 <= self.side <= 7680:
            raise ValueError(f"side must be from 480 to 7680 pixels, got {self.side}")

    @property
    def name(self) -> str:
        """ "synthetic"."""
        return "synthetic"

    @property
    def _kinds(self) -> tuple[tuple[str, int, Illustrate], ...]:
        """Each kind with its number of pictures. The last kind takes the places that the others leave."""
        return (
            ("poster", self.posters, illustrate_poster),
            ("figure", self.figures, illustrate_figure),
            ("table", self.tables, illustrate_table),
            ("document", self.documents, illustrate_document),
            ("chart", self.charts, self._illustrate_chart),
        )

    @property
    def _illustrate_chart(self) -> Illustrate:
        if self.difficulty == PLAIN:
            return illustrate_chart
        return functools.partial(illustrate_hard_chart, difficulty=self.difficulty)

    @property
    def _total(self) -> int:
        return sum(count for _, count, _ in self._kinds)

    def slices(self) -> Iterator[PictureRange]:
        """A few pictures at a time."""
        for first in range(0, self._total, PICTURES_A_SLICE):
            end = min(self._total, first + PICTURES_A_SLICE)
            yield PictureRange(first, end, (end - first) * self.questions_per_picture)

    def read_slice(self, part: PictureRange) -> Iterator[SourceItem | SourceFailure]:
        """Draws these pictures."""
        for number in range(part.first, part.end):
            name, illustration = self._illustration(number)
            image_id = hashlib.sha256(illustration.png).hexdigest()
            for sample in self._samples(name, illustration, image_id):
                yield SourceItem(sample, illustration.png)

    def illustrations(self) -> Iterator[tuple[str, Illustration]]:
        """Every picture with its name ("chart 0", "table 3"), one at a time."""
        return map(self._illustration, range(self._total))

    def _illustration(self, number: int) -> tuple[str, Illustration]:
        place, total = number, self._total
        for kind, count, illustrate in self._kinds:  # its place among the pictures that earlier kinds leave
            index, due = (at * count // total for at in (place, place + 1))
            if due > index:
                return f"{kind} {index}", illustrate(self.seed, index, self.questions_per_picture, self.side)
            place, total = place - index, total - count
        raise IndexError(f"there is no picture {number}")

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
