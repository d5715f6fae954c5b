"""The rows that a text speaks of: those that satisfy all its cells."""

from collections.abc import Collection, Iterable

from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.tables.linking import CellLink, ColumnLink, Linked


def rows_of(
    linked: Linked, links: Iterable[CellLink], besides: Collection[int] = ()
) -> tuple[tuple[int, ...], set[int]]:
    """The rows in which all these phrases stand, and their columns.

    Args:
        linked: the text.
        links: its phrases.
        besides: columns that hold the answer, not a condition.

    Raises:
        NoAnswer: a phrase stands in several columns, and the text does not say which is meant.
    """
    rows, columns = set(range(linked.count)), set()
    for link in links:
        column = column_of(linked, link, besides)
        rows &= set(link.rows[column])
        columns.add(column)
    return tuple(sorted(rows)), columns


def column_of(linked: Linked, link: CellLink, besides: Collection[int] = ()) -> int:
    """The column in which a phrase is meant.

    Raises:
        NoAnswer: the text does not say.
    """
    columns = [column for column in link.rows if column not in besides] or list(link.rows)
    if len(columns) == 1:
        return columns[0]
    near = sorted((link_distance(link, named), named.column) for named in linked.columns if named.column in columns)
    near += [(9, column) for column in columns if _hinted(linked, column)]
    if near and not [column for far, column in near if far == near[0][0] and column != near[0][1]]:
        return near[0][1]
    if linked.table.naming in columns:
        return linked.table.naming
    raise NoAnswer("a name stands in several columns")


def link_distance(link: CellLink, named: ColumnLink) -> int:
    """The number of words between a cell's phrase and a column's name."""
    return max(named.phrase.start - link.phrase.end, link.phrase.start - named.phrase.end, 0)


def _hinted(linked: Linked, column: int) -> bool:
    """Whether the text has the word that tells a column from others, such as "home"."""
    first = linked.header(column).lower().split()[:1]
    return bool(first) and linked.has(first[0])
