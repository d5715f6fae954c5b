"""The sheet: everything that an episode's pictures have shown so far, as text lines in pixels of the original."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lensmill.geometry import Box, Frame
from lensmill.perception.text import Reader, TextLine
from lensmill.perception.wide import read_wide
from lensmill.picture import Picture

BORDER = 3
"""A line that comes this close to a picture's edge may go on beyond it (in pixels of the picture)."""

LEGIBLE_HEIGHT = 11.0
"""Text lower than this, in pixels of the picture, is often misread."""

LEGIBLE_SCORE = 0.85
"""Text with a lower score of the text recogniser is often misread, too."""

SAME_PLACE = 0.5
"""Two lines that share this much of the smaller one are readings of the same print."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of text that was seen.

    Attributes:
        line: as recognised, in pixels of the original.
        height: of the text, in pixels of the picture that it was read in: what legibility depends on.
        picture: index of that picture; 0 is the view.
        cut: it touches an edge of that picture inside the original, so it may go on beyond.
    """

    line: TextLine
    height: float
    picture: int
    cut: bool = False

    @property
    def text(self) -> str:
        """The text as read."""
        return self.line.text

    @property
    def box(self) -> Box:
        """The box of the line."""
        return self.line.box

    @property
    def score(self) -> float:
        """The recogniser's confidence, 0 to 1."""
        return self.line.score

    @property
    def legible(self) -> bool:
        """Whether the text is large, certain and uncut."""
        return self.height >= LEGIBLE_HEIGHT and self.score >= LEGIBLE_SCORE and not self.cut


def legible_share(lines: Sequence[Seen]) -> float:
    """The share of legible lines; 0 without lines."""
    return sum(line.legible for line in lines) / max(1, len(lines))


def read_picture(reader: Reader, picture: Picture, index: int, original: tuple[int, int]) -> tuple[Seen, ...]:
    """The text of a picture of any size; `original` is (width, height)."""
    whole = Box(0, 0, *original)
    seen = [
        Seen(
            reading.line.on_original(picture.frame),
            reading.height,
            index,
            _is_cut(reading.line.box, reading.part, picture.frame, whole),
        )
        for reading in read_wide(reader, picture)
    ]
    return _in_reading_order(_without_repeats(seen))


def _is_cut(box: Box, part: Box, frame: Frame, whole: Box) -> bool:
    """Does a line touch an edge of the part that was shown, inside the original? (both in the frame's pixels)"""
    region = frame.to_original(part)
    return (
        (box.x1 < part.x1 + BORDER and region.x1 > whole.x1 + 1)
        or (box.y1 < part.y1 + BORDER and region.y1 > whole.y1 + 1)
        or (part.x2 - box.x2 < BORDER and region.x2 < whole.x2 - 1)
        or (part.y2 - box.y2 < BORDER and region.y2 < whole.y2 - 1)
    )


def _without_repeats(lines: Iterable[Seen]) -> list[Seen]:
    """One line a place: whole ones before cut ones, then the longer and surer."""
    kept: list[Seen] = []
    for line in sorted(lines, key=lambda s: (s.cut, -s.box.area, -s.score, s.box.xyxy, s.text)):
        if not any(same_place(line.box, other.box) for other in kept):
            kept.append(line)
    return kept


def _in_reading_order(lines: Iterable[Seen]) -> tuple[Seen, ...]:
    return tuple(sorted(lines, key=lambda s: (s.box.y1, s.box.x1, s.box.y2, s.box.x2, s.text)))


def same_place(one: Box, other: Box) -> bool:
    """Do two boxes frame the same print?"""
    shared = one.intersection(other)
    return shared is not None and shared.area >= SAME_PLACE * min(one.area, other.area)


class Sheet:
    """What was read in an episode, picture by picture; boxes in pixels of the original.

    Attributes:
        readings: every line of every picture, also where a later picture read the same print again.
    """

    def __init__(self) -> None:
        self.readings: list[Seen] = []
        self._best: list[Seen] = []

    def add(self, lines: Iterable[Seen]) -> None:
        """Take in what was read in a picture; a sharper reading replaces the blurred one below it."""
        lines = list(lines)
        self.readings.extend(lines)
        for line in lines:
            below = [old for old in self._best if same_place(old.box, line.box)]
            if all(_better(line, old) for old in below):
                self._best = [old for old in self._best if old not in below]
                self._best.append(line)

    def lines(self, floor: float = 0.0) -> tuple[Seen, ...]:
        """The best reading of each print, in reading order, of which the recogniser is at least this sure."""
        return _in_reading_order(line for line in self._best if line.score >= floor)


def _better(line: Seen, old: Seen) -> bool:
    if line.cut != old.cut:
        # A piece of a line never replaces the whole, except where the "whole" could hardly be read.
        return old.cut or (not old.legible and line.score >= LEGIBLE_SCORE and old.score < LEGIBLE_SCORE)
    return line.height >= old.height or (not old.legible and line.score > old.score)
