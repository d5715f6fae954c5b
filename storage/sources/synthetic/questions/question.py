"""A question about a picture before it becomes a sample."""

from dataclasses import dataclass

from lensmill.geometry import Box


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the evidence for its answer.

    Attributes:
        family: the kind of question, e.g. "lookup", "difference".
        answers: accepted answers; any one is right.
        targets: the evidence, in pixels of the picture.
        choices: options in the order shown; empty for an open question.
    """

    family: str
    text: str
    answers: tuple[str, ...]
    targets: tuple[Box, ...]
    choices: tuple[str, ...] = ()
