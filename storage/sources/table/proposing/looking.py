"""Some rows of a dataset, and the values below each path of a row."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from storage.sources.option_fields import missing, plain
from storage.sources.rows import RowProblem, shown
from storage.sources.table.layouts.layout import Layout, Part, Row
from storage.sources.table.paths import parts_of

SAMPLED_PARTS = 8
LISTED_PARTS = 5000
"""Parts of a file that are listed, of which some are sampled."""

MAX_BYTES = 2**28
"""Maximum bytes of texts and pictures that are held."""

MAX_PATHS = 500
DEPTH = 4
TURNS = 3
"""Turns of a conversation that get a path each."""

CONTENT = ("content", "value", "text")
SPEAKER = ("role", "from", "speaker")


@dataclass
class Column:
    """The values at a path, of the rows that have one.

    Attributes:
        values: those that are not missing.
        rows: number of the row of each value.
    """

    path: str
    values: list[object] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        """The path's words, the last first, in the form in which names are compared; places in lists are left out."""
        words = [part for part in parts_of(self.path) if not part.isdigit() and part not in ("*", "[]")]
        return tuple(plain(word) for word in reversed(words))

    @property
    def about(self) -> str:
        """The kinds of the values, in words."""
        kinds = dict.fromkeys(_kind(value) for value in self.values)
        return " or ".join(list(kinds)[:3])

    @property
    def example(self) -> str:
        """A value, in short."""
        return shown(self.values[0], 40) if self.values and not isinstance(self.values[0], bytes) else ""


def _kind(value: object) -> str:
    match value:
        case bytes():
            return "bytes"
        case bool():
            return "truth value"
        case int() | float():
            return "number"
        case str():
            return "text"
        case dict():
            return "object"
        case list():
            return f"list of {_kind(value[0])}" if value else "list"
    return type(value).__name__


def sampled(layouts: Sequence[Layout], most: int) -> tuple[list[tuple[str, Row | RowProblem]], int]:
    """Up to this many rows, spread over the files and within the first ones, and the number of rows that were counted.

    Raises:
        SourceError: a file is damaged.
    """
    parts: list[tuple[Layout, Part]] = []
    counted = 0
    for layout in layouts:
        for part in itertools.islice(layout.parts(), LISTED_PARTS):
            parts.append((layout, part))
            counted += part.rows
    step = max(1, len(parts) // SAMPLED_PARTS)
    chosen = parts[::step][: max(SAMPLED_PARTS, 1)]
    found: list[tuple[str, Row | RowProblem]] = []
    held = 0
    for layout, part in chosen:
        for origin, row in itertools.islice(layout.rows(part, ()), max(1, most // max(1, len(chosen)))):
            found.append((origin, row))
            held += _size(row)
            if held > MAX_BYTES or len(found) == most:
                return found, counted
    return found, counted


def _size(value: object) -> int:
    if isinstance(value, (bytes, str)):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_size(one) for one in value.values())
    return sum(map(_size, value)) if isinstance(value, list) else 8


def columns_of(rows: Iterable[Row]) -> list[Column]:
    """The columns of rows, and the paths below them: fields of objects, items of lists of objects, turns of a
    conversation."""
    found: dict[str, Column] = {}
    for number, row in enumerate(rows):
        for path, value in _walked(row, "", 0):
            if path not in found and len(found) >= MAX_PATHS:
                continue
            column = found.setdefault(path, Column(path))
            if not missing(value):
                column.values.append(value)
                column.rows.append(number)
    return list(found.values())


def _walked(value: Mapping[str, object], prefix: str, depth: int) -> Iterator[tuple[str, object]]:
    for key, one in itertools.islice(value.items(), 100):
        path = f"{prefix}{key}"
        yield path, one
        if depth == DEPTH:
            continue
        if isinstance(one, Mapping) and "bytes" not in one:
            yield from _walked(one, f"{path}.", depth + 1)
        elif isinstance(one, list) and one and all(isinstance(item, Mapping) for item in one):
            if _is_conversation(one[0]):
                for place, turn in enumerate(one[:TURNS]):
                    yield from ((f"{path}.{place}.{key}", turn.get(key)) for key in CONTENT if key in turn)
            else:
                for item in one[:100]:
                    yield from _walked(item, f"{path}.*.", depth + 1)


def _is_conversation(turn: Mapping[str, object]) -> bool:
    return any(key in turn for key in SPEAKER) and any(key in turn for key in CONTENT)
