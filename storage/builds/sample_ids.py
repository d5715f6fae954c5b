"""Ids of samples as a column: 16 bytes each, where a set of texts takes 120."""

from collections.abc import Iterable, Iterator, Set

import numpy as np
import numpy.typing as npt

IDS = np.dtype("S16")
"""numpy drops zeros at the end of a value when the value becomes bytes; `hex_of` restores the zeros."""

IdColumn = npt.NDArray[np.bytes_]


def column_of(sample_ids: Iterable[str]) -> IdColumn:
    """The ids (32 hexadecimal letters each) as a column, in their order."""
    return np.frombuffer(bytes.fromhex("".join(sample_ids)), dtype=IDS)


def hex_of(value: bytes) -> str:
    """One value of a column as an id."""
    return value.ljust(IDS.itemsize, b"\0").hex()


class SampleIds(Set[str]):
    """A set of sample ids.

    Args:
        column: in any order, with or without repeats.
    """

    def __init__(self, column: IdColumn) -> None:
        self.column: IdColumn = np.unique(column)

    @classmethod
    def of(cls, sample_ids: Iterable[str]) -> "SampleIds":
        """The set of these ids. Costs nothing if they are such a set already."""
        return sample_ids if isinstance(sample_ids, SampleIds) else cls(column_of(sample_ids))

    def mask(self, column: IdColumn) -> npt.NDArray[np.bool_]:
        """For each id of a column, whether the set has it."""
        if not len(self.column):
            return np.zeros(len(column), dtype=bool)
        places = np.minimum(np.searchsorted(self.column, column), len(self.column) - 1)
        found: npt.NDArray[np.bool_] = self.column[places] == column
        return found

    def __contains__(self, sample_id: object) -> bool:
        return isinstance(sample_id, str) and bool(self.mask(column_of([sample_id]))[0])

    def __len__(self) -> int:
        return len(self.column)

    def __iter__(self) -> Iterator[str]:
        return map(hex_of, self.column.tolist())

    def __hash__(self) -> int:
        return self._hash()

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> Set[str]:  # type: ignore[override]
        return frozenset(it)
