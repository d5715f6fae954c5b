import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.builds.images import ImageStore
from storage.files.store import Files, StoreError

DATA = b"\x89PNG and so on" * 1000
ID = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def images(tmp_path: Path) -> ImageStore:
    return ImageStore(Files(str(tmp_path)))


def test_a_picture_comes_back_byte_for_byte(images: ImageStore) -> None:
    images.put(ID, DATA)
    assert images.get(ID) == DATA


def test_a_picture_is_stored_once(images: ImageStore, tmp_path: Path) -> None:
    assert images.put(ID, DATA)
    assert not images.put(ID, DATA)
    assert os.listdir(tmp_path / "images" / ID[:2]) == [ID]


def test_concurrent_writers_leave_one_whole_picture(images: ImageStore, tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert any(pool.map(lambda _: images.put(ID, DATA), range(64)))
    assert os.listdir(tmp_path / "images" / ID[:2]) == [ID]
    assert images.get(ID) == DATA


def test_bytes_that_are_not_the_picture_are_refused(images: ImageStore) -> None:
    with pytest.raises(ValueError, match="was given bytes whose sha256 is"):
        images.put(ID, DATA + b"x")
    assert images.size(ID) == 0


def test_a_missing_picture_is_named(images: ImageStore) -> None:
    with pytest.raises(StoreError, match=f"{ID} is missing"):
        images.get(ID)


def test_a_damaged_picture_is_named(images: ImageStore, tmp_path: Path) -> None:
    images.put(ID, DATA)
    (tmp_path / "images" / ID[:2] / ID).write_bytes(DATA[:-5])
    with pytest.raises(StoreError, match=f"{ID} is damaged"):
        images.get(ID)


@pytest.mark.parametrize("image_id", ["", "../../etc/passwd", "A" * 64, "ab"])
def test_an_id_is_a_hash(images: ImageStore, image_id: str) -> None:
    with pytest.raises(ValueError, match="an image id is a sha256"):
        images.get(image_id)
