"""A worker's pictures."""

import asyncio
import io
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from actors.rollouts.pictures import Pictures
from lensmill.resolution import Ladder
from storage.builds.images import ImageStore
from storage.files.store import Files, StoreError


@pytest.fixture
def images(tmp_path: Path) -> ImageStore:
    return ImageStore(Files(str(tmp_path)))


def a_file(shade: int, size: tuple[int, int] = (600, 400)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


async def test_a_view_is_drawn_and_encoded_once(images: ImageStore) -> None:
    data = a_file(1)
    images.put(sha256(data).hexdigest(), data)
    pictures = Pictures(images, Ladder())
    first, second = await asyncio.gather(*(pictures.view(sha256(data).hexdigest(), 224) for _ in range(2)))
    assert first is second


async def test_a_failed_picture_is_tried_again(images: ImageStore) -> None:
    data = a_file(2)
    pictures = Pictures(images, Ladder())
    with pytest.raises(StoreError):
        await pictures.original(sha256(data).hexdigest())
    images.put(sha256(data).hexdigest(), data)
    assert (await pictures.original(sha256(data).hexdigest())).width == 600


async def test_the_least_recently_used_go_first(images: ImageStore) -> None:
    files = [a_file(shade) for shade in range(3)]
    for data in files:
        images.put(sha256(data).hexdigest(), data)
    pictures = Pictures(images, Ladder(), held_pixels=2 * 600 * 400)
    first = await pictures.original(sha256(files[0]).hexdigest())
    second = await pictures.original(sha256(files[1]).hexdigest())
    assert await pictures.original(sha256(files[0]).hexdigest()) is first
    await pictures.original(sha256(files[2]).hexdigest())
    assert await pictures.original(sha256(files[0]).hexdigest()) is first
    assert await pictures.original(sha256(files[1]).hexdigest()) is not second
