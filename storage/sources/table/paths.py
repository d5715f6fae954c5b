"""Names of columns as paths into a row: "query", "conversations.0.value", "texts.*.user", "answers[].answer"."""

from collections.abc import Mapping

from storage.sources.rows import RowProblem, shown

EACH, ALL = "*", "[]"
"""Parts of a path: one sample for each item of a list; a list of all items."""

MAX_ITEMS = 1000
"""Maximum samples of one row."""


def parts_of(path: str) -> list[str]:
    """The parts of a path."""
    return [part for part in path.replace("[]", ".[]").split(".") if part]


def top_of(path: str) -> str:
    """The column that a path begins with, if no column has the whole path as its name."""
    return parts_of(path)[0]


def value_at(row: Mapping[str, object], path: str, item: int | None = None) -> object:
    """The value at a path, None without one. `item`: which item of a list `*` stands for.

    Raises:
        RowProblem: a list has no such item.
    """
    if path in row:
        return row[path]
    # a column may have dots in its name, as the fields of a WebDataset's "json" have
    parts = parts_of(path)
    for cut in range(len(parts), 0, -1):
        if (head := ".".join(parts[:cut])) in row:
            return _below(row[head], parts[cut:], path, item)
    return None


def _below(value: object, parts: list[str], path: str, item: int | None) -> object:
    for place, part in enumerate(parts):
        if value is None:
            return None
        if part == ALL:
            return [_below(one, parts[place + 1 :], path, item) for one in _list(value, path)]
        if part == EACH:
            items = _list(value, path)
            if item is None or item >= len(items):
                raise RowProblem("bad_field", f'field "{path}" has {len(items)} items, and another field has more')
            value = items[item]
        elif isinstance(value, list) and part.isdigit():
            if int(part) >= len(value):
                return None
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
        else:
            raise RowProblem("bad_field", f'field "{path}" has no part "{part}", got {shown(value)}')
    return value


def _list(value: object, path: str) -> list[object]:
    if not isinstance(value, list):
        raise RowProblem("bad_field", f'field "{path}" must be a list, got {shown(value)}')
    return value


def items_of(row: Mapping[str, object], paths: tuple[str, ...]) -> list[int | None]:
    """The items that the samples of a row stand for: [None] if no path has a `*`.

    Raises:
        RowProblem: lists of different lengths, none at all, or too long.
    """
    counts: dict[int, str] = {}
    for path in paths:
        head, star, _ = path.partition(f".{EACH}")
        if star and path not in row:
            counts[len(_list(value_at(row, head), head))] = path
    if not counts:
        return [None]
    if len(counts) > 1:
        fields = " and ".join(f'"{path}" ({count})' for count, path in counts.items())
        raise RowProblem("bad_field", f"fields {fields} have lists of different lengths; make them equal")
    count = next(iter(counts))
    if not 1 <= count <= MAX_ITEMS:
        raise RowProblem("bad_field", f'field "{counts[count]}" has {count} items, allowed are 1 to {MAX_ITEMS}')
    return list(range(count))
