"""Reading text in pictures (rapidocr, whose models come in its wheel), with boxes that say where it stands."""

import functools
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from lensmill.geometry import Box, Frame
from lensmill.picture import Picture, pixel_hash


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text.

    Attributes:
        box: in pixels of the picture it was read from, or of the original; the holder says which.
        score: the recogniser's confidence, 0 to 1.
    """

    text: str
    box: Box
    score: float

    def on_original(self, frame: Frame) -> "TextLine":
        return TextLine(self.text, frame.to_original(self.box), self.score)


class Reader:
    """An OCR engine with a cache by content: reading the same pixels again costs a hash.

    One engine runs on one thread: workers scale by processes, and results do not depend on their number.
    """

    def __init__(self, cached: int = 256) -> None:
        self._engine: Any = None
        self._lock = threading.Lock()
        self._cached = cached
        self._cache: OrderedDict[str, tuple[TextLine, ...]] = OrderedDict()

    def read(self, picture: Picture) -> tuple[TextLine, ...]:
        """The lines of text in a picture, top to bottom, in the picture's own pixels."""
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
            from rapidocr import RapidOCR  # its import takes a second, and most processes never read

            self._engine = RapidOCR(
                params={
                    "Global.log_level": "critical",
                    "Global.use_cls": False,
                    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                }
            )
        found = self._engine(np.asarray(pixels)[:, :, ::-1])
        if found.boxes is None:
            return ()
        bounds = Box(0, 0, *pixels.size)
        lines = []
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
            box = Box(float(left), float(top), float(right), float(bottom)).clip(bounds)
            if box is not None and text.strip():
                lines.append(TextLine(text.strip(), box, float(score)))
        return tuple(sorted(lines, key=lambda line: (line.box.y1, line.box.x1)))


@functools.cache
def shared_reader() -> Reader:
    """This process's reader."""
    return Reader()
