"""The originals of a version, for replays: the place and the file of each picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from storage.checks.ids import IMAGE, id_text, packed
from storage.datasets.originals import OriginalRows
from storage.files.store import Files, StoreError


@dataclass(frozen=True, slots=True)
class OriginalsShard:
    """A shard of the table `originals`: the packed ids of its rows, in order, and the rows of each row group."""

    path: str
    ids: bytes
    row_groups: tuple[int, ...]


class OriginalsIndex:
    """The place of each original; 40 bytes a picture. Tasks on one machine share the memory of an index.

    Attributes:
        complete: every shard of originals could be read.
    """

    def __init__(self, shards: Sequence[OriginalsShard] = (), complete: bool = False) -> None:
        self.complete = complete
        self._paths = [shard.path for shard in shards]
        self._ends = [np.cumsum(shard.row_groups) for shard in shards]
        ids = np.frombuffer(b"".join(shard.ids for shard in shards), f"S{IMAGE}")
        counts = [len(shard.ids) // IMAGE for shard in shards]
        order = np.argsort(ids, kind="stable")
        self._ids = ids[order]
        self._shard = np.repeat(np.arange(len(shards), dtype=np.int32), counts)[order]
        self._row = np.concatenate([np.zeros(0, np.int32), *(np.arange(n, dtype=np.int32) for n in counts)])[order]

    def repeated(self) -> list[str]:
        """Each original that is there more than once."""
        again = np.unique(self._ids[1:][self._ids[1:] == self._ids[:-1]])
        return [id_text(value, IMAGE) for value in again]

    def absent(self, image_ids: Sequence[str]) -> list[int]:
        """The places in `image_ids` of the pictures that are not in the index."""
        wanted = np.array([_key(image_id) for image_id in image_ids], f"S{IMAGE}")
        places = np.searchsorted(self._ids, wanted)
        there = places < len(self._ids)
        there[there] = self._ids[places[there]] == wanted[there]
        return [int(number) for number in np.flatnonzero(~there)]

    def place(self, image_id: str) -> tuple[str, int, int] | None:
        """The shard, row group and row of an original; None if the version has no such original."""
        wanted = np.array(_key(image_id), f"S{IMAGE}")
        place = int(np.searchsorted(self._ids, wanted))
        if place == len(self._ids) or self._ids[place] != wanted:
            return None
        shard, row = int(self._shard[place]), int(self._row[place])
        group = int(np.searchsorted(self._ends[shard], row, side="right"))
        return self._paths[shard], group, row - (int(self._ends[shard][group - 1]) if group else 0)


class OriginalsReader:
    """Reads originals by id."""

    def __init__(self, files: Files, index: OriginalsIndex) -> None:
        self._rows, self._index = OriginalRows(files), index

    def read(self, image_id: str) -> bytes:
        """A picture's file.

        Raises:
            StoreError: there is no such original, or its row group cannot be read.
        """
        if (place := self._index.place(image_id)) is None:
            raise StoreError(f"original {image_id} is not in the table originals")
        return self._rows.read(*place)


def _key(image_id: str) -> bytes:
    """The packed id; of a text that is no id, a key that no original has."""
    try:
        return packed(image_id, IMAGE)
    except ValueError:
        return bytes(IMAGE)
