import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from storage.builds.plan import Plan
from storage.datasets.version import published
from storage.files.store import Files, StoreError
from tests.storage.made import FINGERPRINT
from tests.storage.made import planned as a_plan
from tests.storage.published_rows import INPUTS, publish, rows_of


class _Filling(Files):
    """A store whose disk is full once a table has some bytes."""

    @contextmanager
    def open(self, path: str, mode: str = "rb") -> Iterator[IO[bytes]]:
        with super().open(path, mode) as handle:
            if mode in ("wb", "whole") and path.endswith(".parquet"):
                handle = _FullAfter(handle, 2000)  # type: ignore[assignment]
            yield handle


class _FullAfter:
    def __init__(self, sink: IO[bytes], room: int) -> None:
        self._sink, self._room = sink, room

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._sink.write(data)


def test_a_disk_that_fills_up_leaves_no_version_and_no_torn_file(files: Files) -> None:
    filling = _Filling(files.root)
    with pytest.raises(StoreError, match="the disk is full"):
        publish(filling, "v1", rows_of(files), INPUTS)
    assert published(files, "v1") is None
    assert files.list("datasets") == files.list("shards") == files.list("staging") == []
    assert publish(files, "v1", rows_of(files), INPUTS).rows == 4


def test_a_disk_that_fills_up_leaves_the_plan_as_it_was(files: Files) -> None:
    many = list(a_plan(range(200)))
    with pytest.raises(StoreError, match="the disk is full"):
        Plan(_Filling(files.root), FINGERPRINT).append(many, chunk_size=4)
    assert files.list("builds") == []
    assert Plan(files, FINGERPRINT).append(many, chunk_size=4).samples == 200
