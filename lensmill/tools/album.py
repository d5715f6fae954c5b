"""An episode's pictures. Most are stored as the way they were drawn, and drawn again when their pixels are needed.

A worker keeps hundreds of episodes in flight, and a crop of 896x896 pixels takes 3 MB. The model receives the crop's
file, which is made at once. The pixels are needed again only if a later edit names the picture, which is rare, and
drawing them again takes milliseconds.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

from PIL.PngImagePlugin import PngImageFile

from lensmill.geometry import Frame
from lensmill.picture import Encoded, Picture


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a picture was drawn.

    Attributes:
        frame: the picture's place on the original.
        source: the picture that it was drawn from: a held picture, or the number of an earlier picture of the album.
        draw: draws it from its source, with the same pixels every time.
    """

    frame: Frame
    source: Picture | int
    draw: Callable[[Picture], Picture]


class Album(Sequence[Picture]):
    """The view, then each picture that a call drew or an agent's own code made.

    Reading a picture may draw it; `frames` has the places without drawing.
    """

    def __init__(self, view: Picture) -> None:
        self._kept: list[Picture | Drawing | Encoded] = [view]

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The pictures' places on the original, in their order; nothing is drawn."""
        return tuple(kept.ref.frame if isinstance(kept, Encoded) else kept.frame for kept in self._kept)

    def add(self, picture: Drawing | Encoded | Picture) -> None:
        """Add the next picture: the way it was drawn or, if it cannot be drawn again, its PNG file, or itself."""
        self._kept.append(picture)

    def __len__(self) -> int:
        return len(self._kept)

    @overload
    def __getitem__(self, index: int) -> Picture: ...
    @overload
    def __getitem__(self, index: slice) -> list[Picture]: ...
    def __getitem__(self, index: int | slice) -> Picture | list[Picture]:
        if isinstance(index, slice):
            return [self[number] for number in range(len(self))[index]]
        kept: Picture | Drawing | Encoded = self._kept[index]
        steps: list[Callable[[Picture], Picture]] = []
        while isinstance(kept, Drawing):  # a chain of edits may be as long as an episode, so no recursion
            steps.append(kept.draw)
            kept = self._kept[kept.source] if isinstance(kept.source, int) else kept.source
        picture = _decoded(kept) if isinstance(kept, Encoded) else kept
        for draw in reversed(steps):
            picture = draw(picture)
        return picture


def _decoded(file: Encoded) -> Picture:
    """The pixels of a PNG file that was encoded here."""
    with PngImageFile(io.BytesIO(file.data)) as image:
        return Picture(image.convert("RGB"), file.ref.frame)  # already RGB: this copies it into a plain image
