"""Several sources as one, one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from storage.sources.protocol import SlicedSource, Source, SourceFailure, SourceItem


@dataclass(frozen=True, slots=True)
class PartSlice:
    """A slice of one of the sources.

    Attributes:
        source: its number.
        inner: the slice, as the source gives it.
        most: maximum rows that are read of the slice; None for all.
    """

    source: int
    inner: Any
    most: int | None = None

    @property
    def rows(self) -> int | None:
        """See `Slice`."""
        own: int | None = self.inner.rows
        if self.most is None or own is None:
            return own if self.most is None else self.most
        return min(own, self.most)


class PartsSource(SlicedSource[PartSlice]):
    """The slices of several sources in their order.

    Args:
        name: of the whole.
        sources: the parts.
        splits, subsets: what the whole reads, as samples name them.
    """

    def __init__(
        self,
        name: str,
        sources: Sequence[Source],
        splits: tuple[str, ...] | None = None,
        subsets: tuple[str, ...] | None = None,
    ) -> None:
        self._name, self._sources = name, tuple(sources)
        self.splits, self.subsets = splits, subsets

    @property
    def name(self) -> str:
        """The source's name."""
        return self._name

    def is_here(self) -> bool:
        """Whether this machine has the files of every part."""
        return all(source.is_here() for source in self._sources)

    def slices(self) -> Iterator[PartSlice]:
        """See `Source`."""
        for number, source in enumerate(self._sources):
            yield from (PartSlice(number, inner) for inner in source.slices())

    def read_slice(self, part: PartSlice) -> Iterator[SourceItem | SourceFailure]:
        """See `SlicedSource`."""
        yield from islice(self._sources[part.source].read(part.inner), part.most)
