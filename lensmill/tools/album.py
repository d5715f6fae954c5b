"""An episode's pictures: most are kept as the way they were drawn, and drawn again when somebody asks for their pixels.

A worker keeps hundreds of episodes in flight, and a crop of 896x896 pixels takes 3 MB. A model is sent its file, which
was made at once; the pixels are wanted again only where a later edit names that picture, which is rare, and drawing it
again takes milliseconds.
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
        source: what it was drawn from: a picture that is held anyway, or the number of an earlier one of the album.
        draw: draws it from its source, with the same pixels every time.
    """

    frame: Frame
    source: Picture | int
    draw: Callable[[Picture], Picture]


class Album(Sequence[Picture]):
    """The view, then each picture that a call drew or an agent's own code made.

    Asking for a picture may draw it: where only its place matters, ask `frames`.
    """

    def __init__(self, view: Picture) -> None:
        self._kept: list[Picture | Drawing | Encoded] = [view]

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The pictures' places on the original, in their order; nothing is drawn."""
        return tuple(kept.ref.frame if isinstance(kept, Encoded) else kept.frame for kept in self._kept)

    def add(self, picture: Drawing | Encoded | Picture) -> None:
        """The next picture: how it was drawn or, where nobody can draw it again, its PNG file, or itself."""
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
        while isinstance(kept, Drawing):  # an edit of an edit of ...: as long as an episode, so no recursion
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
