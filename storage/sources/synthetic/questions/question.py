"""A question about a picture before it becomes a sample."""

from collections.abc import Sequence
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
        ways: every wording of the question that the picture allows, `text` among them; empty if there is only one.
    """

    family: str
    text: str
    answers: tuple[str, ...]
    targets: tuple[Box, ...]
    choices: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()


def in_turn(first: Sequence[Question], second: Sequence[Question]) -> list[Question]:
    """The questions of two lists in turn, then the rest of the longer list."""
    mixed = [question for pair in zip(first, second, strict=False) for question in pair]
    return [*mixed, *first[len(second) :], *second[len(first) :]]
