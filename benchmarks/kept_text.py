"""A text recogniser that keeps results between runs of a benchmark, because OCR takes most of the time."""

import hashlib
import pickle
from pathlib import Path

from PIL import Image

from lensmill.perception.text import Reader, TextLine, shared_reader
from lensmill.picture import pixel_hash


class KeptReader(Reader):
    """A reader that keeps what it read in a folder between runs, because OCR takes most of the time."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _recognise(self, pixels: Image.Image) -> tuple[TextLine, ...]:
        kept = self._folder / f"{hashlib.sha256(pixel_hash(pixels).encode()).hexdigest()}.pkl"
        if kept.exists():
            lines: tuple[TextLine, ...] = pickle.loads(kept.read_bytes())
            return lines
        lines = super()._recognise(pixels)
        kept.write_bytes(pickle.dumps(lines))
        return lines


def reader_of(folder: Path | None) -> Reader:
    """A reader that keeps results in a folder; without a folder, the one of this process."""
    return shared_reader() if folder is None else KeptReader(folder)
