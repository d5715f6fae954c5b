"""Questions about a table: look-up, counting, superlatives, sums, averages and differences."""

import re

from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.questions.numerals import written
from lensmill.agents.reader.questions.plainly import plainly
from lensmill.agents.reader.tables.answers import TableAnswer
from lensmill.agents.reader.tables.conditions import column_of, rows_of
from lensmill.agents.reader.tables.linking import CellLink, ColumnLink, Linked
from lensmill.perception.numerals import is_year
from lensmill.perception.tables.table import TableReading

HIGHEST = (
    "highest",
    "most",
    "largest",
    "greatest",
    "biggest",
    "maximum",
    "best",
    "longest",
    "tallest",
    "top",
    "latest",
)
LOWEST = ("lowest", "least", "smallest", "fewest", "minimum", "shortest", "worst")

_ASKS_VALUE = (
    r"^(?:what(?:'s| is| was| are| were)|how much (?:is|was)|what is the value of"
    r"|(?:what|which) (?:value|figure|number) (?:does|is (?:given|shown|printed) for))"
)
"""The beginning of a question that asks for a value; a question for the name of a row begins otherwise."""

_SURE = 0.8
"""The lowest score of the text recogniser for a cell that may be an answer."""


def answer_from_table(question: str, table: TableReading) -> TableAnswer:
    """The answer to a question about a table.

    Raises:
        NoAnswer: the rules do not cover the question, or the table does not answer it surely.
    """
    linked = Linked(plainly(question), table)
    lower = linked.text.lower()
    if any(word.text[0].isdigit() and not is_year(word.text) for word in linked.unlinked()):
        raise NoAnswer("a number of the question is not in the table")
    if re.search(r"\b(?:how many|what number of)\b", lower):
        return _number(linked)
    if any(linked.has(name) for name in (*HIGHEST, *LOWEST)):
        return superlative(linked)
    if re.search(r"\b(?:sum|total|average|mean|difference)\b", lower) and (found := _computed(linked)):
        return found
    return _look_up(linked)


def _target(linked: Linked, used: list[ColumnLink] | None = None) -> int:
    """The column that holds the answer: the first that is named whole after the question word, or the one that names
    the rows."""
    named = [link for link in (linked.columns if used is None else used) if link.share == 1]
    conditions = {column for link in linked.cells for column in link.rows}
    free = [link for link in named if link.column not in conditions]
    others = [column for column in range(len(linked.table.columns)) if column not in conditions]
    inside = [column for link in named for column in linked.named_at(link.phrase.start, others)]
    if not free and len(set(inside)) == 1:
        return inside[0]
    if not (free := free or named):
        partial = [link for link in linked.columns if link.share >= 0.5 and link.column not in conditions]
        asked = [link for link in partial if link.phrase.start <= 2]
        if len({link.column for link in asked}) == 1:
            return asked[0].column
        return linked.table.naming
    first = min(link.phrase.start for link in free)
    columns = {link.column for link in free if link.phrase.start == first}
    if len(columns) > 1:
        raise NoAnswer("several columns have the name that is asked for")
    return columns.pop()


def _look_up(linked: Linked) -> TableAnswer:
    if not linked.cells:
        raise NoAnswer("no cell of the table is named")
    target = _target(linked)
    rows, columns = rows_of(linked, linked.cells, {target})
    if target in columns and len(columns) == 1:
        raise NoAnswer("what is asked for is given in the question")
    if not rows:
        raise NoAnswer("no row holds everything that is named")
    texts = list(dict.fromkeys(linked.cell(row, target) for row in rows))
    if len(texts) > 1:
        raise NoAnswer("several rows fit, with different answers")
    if not texts[0]:
        raise NoAnswer("the cell is empty")
    if min(linked.table.cells[row][target].score for row in rows) < _SURE:
        raise NoAnswer("the cell is not legible")
    label = linked.table.rows[rows[0]].label
    thought = f'The row "{label}" has "{texts[0]}" in the column "{linked.header(target)}".'
    return TableAnswer(texts[0].removeprefix("@").strip(), thought, rows, (target,))


def _number(linked: Linked) -> TableAnswer:
    """ "How many": a number of the table, a sum over its rows, or the number of rows that fit."""
    at = next(i for i, word in enumerate(linked.words) if word.text in ("many", "number"))
    asked = [link for link in linked.columns if link.share == 1 and 0 <= link.phrase.start - at - 1 <= 1]
    asked = [link for link in asked if linked.numeric(link.column)]
    if asked:
        target = asked[0].column
        cells = [link for link in linked.cells if set(link.rows) - {target}]
        rows, columns = rows_of(linked, cells, {target})
        if len(rows) == 1:
            return _look_up(linked)
        if linked.has("altogether", "combined") or (
            linked.has("total") and "total" not in linked.header(target).lower()
        ):
            return _sum(linked, target, rows)
        raise NoAnswer("several rows fit")
    absent = re.search(r"\b(?:no|without|not have an?y?) (\w+)", linked.text.lower())
    if absent:
        named = [link.column for link in linked.columns if linked.words[link.phrase.start].text == absent[1]]
        if len(set(named)) == 1 and not linked.cells:
            rows = tuple(row for row in range(linked.count) if linked.blank(row, named[0]))
            return _counted(linked, rows, (named[0],), f'have no "{linked.header(named[0])}"')
        raise NoAnswer("it is not clear what is missing")
    if linked.has("not", "more", "less", "fewer", "than", "over", "above", "below", "under", "least", "different"):
        raise NoAnswer("the condition is not understood")
    if not linked.cells:
        raise NoAnswer("no cell of the table is named")
    rows, columns = rows_of(linked, linked.cells)
    said = " and ".join(f'"{linked.cell(rows[0], column)}"' for column in sorted(columns)) if rows else "all of that"
    return _counted(linked, rows, tuple(sorted(columns)), f"have {said}")


def _counted(linked: Linked, rows: tuple[int, ...], columns: tuple[int, ...], said: str) -> TableAnswer:
    if not rows:
        raise NoAnswer("no row fits")
    names = ", ".join(f'"{linked.table.rows[row].label}"' for row in rows[:8])
    more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
    return TableAnswer(str(len(rows)), f"The rows {names}{more} {said}: {len(rows)} in all.", rows, columns)


def superlative(linked: Linked) -> TableAnswer:
    """The entry of one column in the row with the extreme value of another.

    Raises:
        NoAnswer: it is not clear which columns are meant, or several rows share the value.
    """
    measure, high = extreme(linked)
    cells = [link for link in linked.cells if measure not in link.rows]
    rows, columns = rows_of(linked, cells) if cells else (tuple(range(linked.count)), set())
    best = best_rows(linked, measure, rows, high)
    if len(best) != 1:
        raise NoAnswer("several rows share the extreme value")
    target = _target(linked, [link for link in linked.columns if link.column not in (measure, *columns)])
    if re.search(rf"{_ASKS_VALUE} the (?:{'|'.join((*HIGHEST, *LOWEST))})", linked.text.lower()):
        target = measure
    text = linked.cell(best[0], target)
    if not text:
        raise NoAnswer("the cell is empty")
    kind = "largest" if high else "smallest"
    thought = (
        f'The {kind} value of "{linked.header(measure)}" is {linked.cell(best[0], measure)}, '
        f'in the row "{linked.table.rows[best[0]].label}". Its "{linked.header(target)}" is "{text}".'
    )
    return TableAnswer(text, thought, best, tuple(sorted({measure, target})))


def extreme(linked: Linked) -> tuple[int, bool]:
    """The column that a superlative speaks of, and whether it asks for the highest value.

    The column that names the rows is none: its header may hold a word of the table's title.

    Raises:
        NoAnswer: no column of numbers is named, or several.
    """
    places = [(i, word.text in HIGHEST) for i, word in enumerate(linked.words) if word.text in (*HIGHEST, *LOWEST)]
    if not places or len({high for _, high in places}) > 1:
        raise NoAnswer("no one superlative")
    at, high = places[0]
    if at and re.fullmatch(r"second|third|fourth|fifth|next|\d+(?:st|nd|rd|th)", linked.words[at - 1].text):
        raise NoAnswer("a rank below the first is asked for")
    named = [link for link in linked.columns if linked.numeric(link.column) and link.column != linked.table.naming]
    best = max((link.share for link in named), default=0.0)
    columns = {link.column for link in named if link.share == best and link.phrase.start > at}
    if len(columns) != 1:
        raise NoAnswer("it is not clear which numbers are compared")
    return columns.pop(), high


def best_rows(linked: Linked, column: int, rows: tuple[int, ...], high: bool) -> tuple[int, ...]:
    """The rows with the extreme value of a column.

    Raises:
        NoAnswer: a value is not a number.
    """
    values = {row: linked.value(row, column) for row in rows}
    known = [value for value in values.values() if value is not None]
    if len(known) < len(rows) or not known:
        raise NoAnswer("a value could not be read")
    limit = max(known) if high else min(known)
    return tuple(row for row in rows if values[row] == limit)


def _computed(linked: Linked) -> TableAnswer | None:
    """A sum, an average or a difference over a column of numbers; None if the text asks for none."""
    whole = [link for link in linked.columns if link.share == 1 and linked.numeric(link.column)]
    if len({link.column for link in whole}) != 1:
        return None
    column = whole[0].column
    header = linked.header(column).lower()
    asked = {w for w in ("sum", "total", "average", "mean", "difference") if linked.has(w) and w not in header}
    cells = [link for link in linked.cells if set(link.rows) - {column}]
    if asked == {"difference"}:
        rows = [_single(linked, link, column) for link in cells]
        if len(rows) != 2:
            return None
        a, b = (linked.value(row, column) for row in rows)
        if a is None or b is None:
            return None
        thought = f'"{linked.header(column)}" is {linked.cell(rows[0], column)} and {linked.cell(rows[1], column)}.'
        return TableAnswer(written(abs(a - b)), thought, tuple(sorted(rows)), (column,))
    if not asked:
        return None
    rows_, _ = rows_of(linked, cells, {column}) if cells else (tuple(range(linked.count)), set())
    if len(rows_) < 2:
        return None
    return _sum(linked, column, rows_, mean=bool(asked & {"average", "mean"}))


def _single(linked: Linked, link: CellLink, besides: int) -> int:
    rows = link.rows[column_of(linked, link, {besides})]
    if len(rows) != 1:
        raise NoAnswer("a name stands in several rows")
    return rows[0]


def _sum(linked: Linked, column: int, rows: tuple[int, ...], mean: bool = False) -> TableAnswer:
    values = [linked.value(row, column) for row in rows]
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not known:
        raise NoAnswer("a value could not be read")
    number = sum(known) / len(known) if mean else sum(known)
    listed = ", ".join(linked.cell(row, column) for row in rows[:12])
    thought = f'"{linked.header(column)}" has {listed}: the {"average" if mean else "sum"} is {written(number)}.'
    return TableAnswer(written(number), thought, rows, (column,))
