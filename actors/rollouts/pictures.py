"""A worker's pictures: originals are decoded and views drawn and encoded once for the episodes that share them."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lensmill.agents.protocol import Rollout
from lensmill.decoding import Original, load_original
from lensmill.picture import Encoded, Picture, draw_view, encode
from lensmill.resolution import Ladder
from lensmill.sample import Sample
from storage.builds.images import ImageStore

HELD_PIXELS = 100_000_000
"""Pixels that a worker holds (400 MB in Pillow's four bytes each), in addition to the pixels of running episodes."""


@dataclass(frozen=True, slots=True)
class View:
    """A view and its file."""

    picture: Picture
    encoded: Encoded


class Pictures:
    """Originals and views by the ids of their pictures; the least recently used ones are dropped first.

    A picture's questions are adjacent in the plan, so few pictures are needed at the same time.

    Args:
        images: where the originals' files are.
        ladder: how views are drawn.
        held_pixels: of originals and views together, about.
    """

    def __init__(self, images: ImageStore, ladder: Ladder, held_pixels: int = HELD_PIXELS) -> None:
        self._images = images
        self._ladder = ladder
        self._most = held_pixels
        self._held: OrderedDict[Any, asyncio.Future[Any]] = OrderedDict()
        self._pixels: dict[Any, int] = {}

    async def original(self, image_id: str) -> Original:
        """The decoded original.

        Raises:
            ImageError: its file cannot be decoded.
            StoreError: its file is missing or damaged.
        """
        found: Original = await self._get(image_id, lambda: load_original(self._images.get(image_id)))
        self._count(image_id, found.width * found.height)
        return found

    async def view(self, image_id: str, rung: int) -> View:
        """The view of one rung; raises as `original` does."""
        original = await self.original(image_id)
        found: View = await self._get((image_id, rung), lambda: self._draw(original, rung))
        self._count((image_id, rung), found.picture.frame.width * found.picture.frame.height)
        return found

    async def recorded(self, sample: Sample) -> Rollout | None:
        """The trajectory that came with a sample, and its pictures besides the original; None without one.

        Raises:
            StoreError: a picture's file is missing or damaged.
        """
        if sample.recorded is None:
            return None
        files = []
        for ref in sample.recorded.images[1:]:
            data = await asyncio.to_thread(self._images.get, ref.image_id)
            files.append(Encoded(ref, data, "png" if data.startswith(b"\x89PNG") else "jpeg"))
        return Rollout(sample.recorded, tuple(files))

    def _draw(self, original: Original, rung: int) -> View:
        picture = draw_view(original.pixels, rung, self._ladder)
        return View(picture, encode(picture, original.lossless))

    async def _get(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._held:
            self._held[key] = made = asyncio.ensure_future(asyncio.to_thread(make))
            made.add_done_callback(lambda ended: self._drop_failed(key, ended))
        self._held.move_to_end(key)
        return await asyncio.shield(self._held[key])  # a timeout of one caller must not cancel the others

    def _drop_failed(self, key: Any, ended: asyncio.Future[Any]) -> None:
        """Drop a failed picture, so that it can be tried again, e.g. after a shortage of memory."""
        if (ended.cancelled() or ended.exception() is not None) and self._held.get(key) is ended:
            del self._held[key]

    def _count(self, key: Any, pixels: int) -> None:
        if key in self._held:
            self._pixels[key] = pixels
        while len(self._held) > 1 and sum(self._pixels.values()) > self._most:
            oldest, _ = self._held.popitem(last=False)
            self._pixels.pop(oldest, None)
