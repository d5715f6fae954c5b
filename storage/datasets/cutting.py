"""Where a version is cut into blocks: a pure function of the selected rows, in plan order.

A block is what one task makes and what versions share. Its target weight grows with the weight before it, so that few
rows make several blocks, many rows make large ones, and the last block, which growth rewrites, is a small part of the
whole. Where a block ends follows from the rows before and from a hash of the picture there. So growth changes only the
last block; rows that leave change their own block, and the cuts after it fall on the same pictures again.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SMALLEST, USUAL, LARGEST = 2**22, 2**26, 2**33
"""Target weights of a block. A unit is a pixel of a picture that a row shows: about half a byte of a photograph's file,
a tenth of a chart's. A block has one file for each table and rung. In much smaller files the footers would be a large
part."""

EARLY_SHARE, SHARE = 8, 64
"""A block's target is one part in `EARLY_SHARE` of the weight before it up to `USUAL`, and one in `SHARE` above."""

ROW_WEIGHT, FAILURE_WEIGHT = 4096, 512
"""Weight of a row besides its pictures."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows `start` to before `stop` of the selection."""

    start: int
    stop: int

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.stop - self.start


def target(before: int) -> int:
    """The target weight of a block with this weight before it: a power of two."""
    wanted = max(SMALLEST, min(USUAL, before // EARLY_SHARE), min(LARGEST, before // SHARE))
    return 1 << (wanted.bit_length() - 1)


def encoded(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """A column of names as the number of each row's name, and the names, each once."""
    whole = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if not whole.num_chunks:
        return np.zeros(0, np.int32), pa.array([], pa.string())
    array = whole.unify_dictionaries().combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    return array.indices.to_numpy(zero_copy_only=False), array.dictionary


def failed(rows: pa.Table) -> np.ndarray:
    """Whether each row of a selection is a failure."""
    codes, names = encoded(rows["table"])
    found: np.ndarray = codes == names.index("failures").as_py()
    return found


def weights(rows: pa.Table) -> np.ndarray:
    """The weight of each row (int64) of a selection."""
    pixels = pc.fill_null(rows["pixels"], 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return np.where(failed(rows), FAILURE_WEIGHT, pixels + ROW_WEIGHT)


def cuts(rows: pa.Table) -> Iterator[Cut]:
    """Cut a selection into blocks, in order, without a gap.

    Rows of one picture that stand side by side stay together. A block has a quarter of its target weight at least,
    unless it is the last, and four times the target at most, unless one picture weighs more.

    Args:
        rows: the selection: columns `image_id`, `table` and `pixels`.
    """
    if not len(rows):
        return
    images, names = encoded(rows["image_id"])
    starts = np.flatnonzero(np.concatenate([[True], images[1:] != images[:-1]]))
    stops = np.append(starts[1:], len(rows))
    heavy = np.add.reduceat(weights(rows), starts)
    begin, before, weight, aim = 0, 0, 0, target(0)
    for start, stop, more in zip(starts.tolist(), stops.tolist(), heavy.tolist(), strict=True):
        weight += more
        if weight >= 4 * aim or (weight >= aim // 4 and _ends(names[images[start]].as_py(), more, aim)):
            yield Cut(begin, stop)
            begin, before, weight = stop, before + weight, 0
            aim = target(before)
    if begin < len(rows):
        yield Cut(begin, len(rows))


def _ends(image_id: str, weight: int, aim: int) -> bool:
    """Whether a block of this target may end after a picture: true for a part `weight / aim` of all pictures."""
    return int(image_id[-12:], 16) * aim < weight << 48
