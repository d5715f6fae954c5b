"""Many ids as packed bytes: 16 bytes an episode, so that 32 million of them fit into half a gigabyte."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

EPISODE, IMAGE = 16, 32
"""Bytes of an id: of an episode or a sample, and of a picture."""


def packed(written: object, width: int = EPISODE) -> bytes:
    """An id of hexadecimal letters as bytes.

    Raises:
        ValueError: this is no id of this width.
    """
    text = written if isinstance(written, str) else str(written)
    if len(text) != 2 * width:
        raise ValueError(f"{text[:60]!r} is no id")
    return bytes.fromhex(text)


class Ids:
    """Ids of one width, with their repetitions. They are sorted in place at the first question."""

    def __init__(self, width: int = EPISODE) -> None:
        self._width = width
        self._bytes = bytearray()
        self._sorted: Any = None

    def __len__(self) -> int:
        return len(self._bytes) // self._width

    def add(self, data: bytes | bytearray) -> None:
        """Take in packed ids, one after the other."""
        self._sorted = None
        self._bytes += data

    def repeated(self) -> Iterator[str]:
        """Each id that is there more than once, once, in the order of the ids."""
        array = self._array()
        again = np.unique(array[1:][array[1:] == array[:-1]])
        yield from map(self._text, again)

    def compare(self, others: Iterable[bytes]) -> tuple[Iterator[str], Iterator[str]]:
        """The ids that only the others have, and the ids that the others lack; each once, in the order of the ids.

        Args:
            others: packed ids, in portions. They are not held.
        """
        array = self._array()
        seen, strange = np.zeros(len(array), dtype=bool), bytearray()
        for portion in others:
            wanted = np.frombuffer(portion, dtype=array.dtype)
            there, places = self.find(portion)
            seen[places[there]] = True
            strange += wanted[~there].tobytes()
        absent = np.unique(array[~seen])
        absent = absent[~seen[np.searchsorted(array, absent)]]  # only the first of equal ids was seen
        only = np.unique(np.frombuffer(bytes(strange), dtype=array.dtype))
        return map(self._text, only), map(self._text, absent)

    def find(self, data: bytes) -> tuple[Any, Any]:
        """For each of these packed ids, whether it is here, and its place in the order of the ids."""
        array = self._array()
        wanted = np.frombuffer(data, dtype=array.dtype)
        places = np.searchsorted(array, wanted)
        there = places < len(array)
        there[there] = array[places[there]] == wanted[there]
        return there, places

    def portions(self, size: int) -> Iterator[bytes]:
        """The ids in their order, packed, in portions of this size."""
        array = self._array()
        for start in range(0, len(array), size):
            yield array[start : start + size].tobytes()

    def text(self, place: int) -> str:
        """The id at a place in the order of the ids."""
        return self._text(self._array()[place])

    def _array(self) -> Any:
        if self._sorted is None:
            self._sorted = np.frombuffer(self._bytes, f"S{self._width}")  # no copy, so it is sorted in place
            self._sorted.sort()
        return self._sorted

    def _text(self, value: bytes) -> str:
        return id_text(value, self._width)


def id_text(value: bytes, width: int = EPISODE) -> str:
    """An id in hexadecimal letters; `value` is one of an array of ids, without the zeros that it ended with."""
    return bytes(value).ljust(width, b"\0").hex()
