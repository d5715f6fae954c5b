"""Reads text in pictures with rapidocr, whose models come in its wheel. Each line has a box."""

import functools
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture, pixel_hash

_ENGINE = {
    "Global.log_level": "critical",
    "Global.use_cls": False,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    # One line at a time, padded to 160 px only. On charts, whose texts are short, this takes half the time of the
    # default, and the result for a line never depends on the other lines in the picture.
    "Rec.rec_batch_num": 1,
    "Rec.rec_img_shape": [3, 48, 160],
    "Det.limit_type": "min",
    "Det.limit_side_len": 64,
}
_READING_AREA = 736 * 1000
"""Smaller pictures are enlarged to this area in pixels: the detector misses text below about 10 px."""
_MIN_SIDE = 64
_MAX_ENLARGEMENT = 4.0
_UPRIGHT = 10.0
"""Lines turned by less than this many degrees count as upright."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a line. Its box is in the line's pixels, exact to about half a character."""

    text: str
    box: Box


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text.

    Attributes:
        box: in pixels of the picture that was read, or of the original; the owner of the line says which.
        score: the recogniser's confidence, 0 to 1.
        angle: rotation in degrees clockwise from upright reading, -90 to 90. The box is the upright rectangle around
            the rotated line.
        words: the words of the line, left to right, in the same pixels as `box`; empty if the recogniser returned none
            (as for rotated lines).
    """

    text: str
    box: Box
    score: float
    angle: float = 0.0
    words: tuple["Word", ...] = ()

    def on_original(self, frame: Frame) -> "TextLine":
        """The line in pixels of the original.

        Args:
            frame: of the picture that was read.
        """
        words = tuple(Word(word.text, frame.to_original(word.box)) for word in self.words)
        return TextLine(self.text, frame.to_original(self.box), self.score, self.angle, words)


class Reader:
    """An OCR engine with a cache by content: reading the same pixels again costs one hash.

    An engine runs on one thread. Workers scale by processes, and results do not depend on their number.
    """

    def __init__(self, cached: int = 256) -> None:
        self._engine: Any = None
        self._lock = threading.Lock()
        self._cached = cached
        self._cache: OrderedDict[str, tuple[TextLine, ...]] = OrderedDict()

    def read(self, picture: Picture) -> tuple[TextLine, ...]:
        """The lines of text in a picture, top to bottom, in the picture's pixels."""
        key = pixel_hash(picture.pixels)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
            lines = self._recognise(picture.pixels)
            self._cache[key] = lines
            if len(self._cache) > self._cached:
                self._cache.popitem(last=False)
            return lines

    def _recognise(self, pixels: Image.Image) -> tuple[TextLine, ...]:
        if self._engine is None:
            from rapidocr import RapidOCR  # importing it takes a second, and most processes never read text

            self._engine = RapidOCR(params=_ENGINE)
        grow = _enlargement(pixels.size)
        shown = pixels
        if grow > 1:
            shown = pixels.resize((round(pixels.width * grow), round(pixels.height * grow)), Image.Resampling.BICUBIC)
        found = self._engine(np.asarray(shown)[:, :, ::-1], return_word_box=True)
        if found.boxes is None:
            return ()
        frame = Frame.whole(pixels.size, shown.size)
        rows = zip(found.boxes, found.txts, found.scores, found.word_results or [()] * len(found.boxes), strict=True)
        lines = (_line(*row).on_original(frame) for row in rows if row[1].strip() and _has_area(row[0]))
        return tuple(sorted(lines, key=lambda line: (line.box.y1, line.box.x1)))


def _enlargement(size: tuple[int, int]) -> float:
    """The factor by which a picture is enlarged for the engine: small crops get the pixels of a small chart."""
    area = size[0] * size[1]
    return min(_MAX_ENLARGEMENT, max(1.0, math.sqrt(_READING_AREA / area), _MIN_SIDE / min(size)))


def _has_area(corners: Any) -> bool:
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return bool(right > left and bottom > top)


def _line(corners: Any, text: str, score: float, words: Sequence[Any]) -> TextLine:
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    box = Box(max(0.0, float(left)), max(0.0, float(top)), float(right), float(bottom))
    angle = _angle(corners)
    found = []
    if abs(angle) < _UPRIGHT:
        for word, _, place in words:
            xs = [float(corner[0]) for corner in place]
            if word.strip() and min(xs) < max(xs):
                found.append(Word(word, Box(max(0.0, min(xs)), box.y1, max(0.0, *xs), box.y2)))
    return TextLine(text.strip(), box, float(score), angle, tuple(found))


def _angle(corners: Any) -> float:
    """The direction of the text in degrees. The corners run clockwise from the upper left corner of the text."""
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    width, height = math.hypot(*across), math.hypot(*down)
    if height >= 1.5 * width:  # the engine rotates such a box by 90 degrees before reading
        across = -down
    angle = math.degrees(math.atan2(float(across[1]), float(across[0])))
    return 0.0 if abs(angle) < _UPRIGHT else angle


@functools.cache
def shared_reader() -> Reader:
    """The one reader of this process."""
    return Reader()
