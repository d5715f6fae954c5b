"""A finished picture with its regions and questions."""

from dataclasses import dataclass

from lensmill.sample import Region
from storage.sources.synthetic.questions.question import Question


@dataclass(frozen=True, slots=True)
class Illustration:
    """A finished picture.

    Attributes:
        kind: the kind of its chart, or "poster", "figure", "table", "document".
        png: the file.
        regions: parts that agents may name.
        questions: with boxes in pixels of the picture.
    """

    kind: str
    png: bytes
    width: int
    height: int
    regions: tuple[Region, ...]
    questions: tuple[Question, ...]
