"""Statements about a table, as in TabFact (Chen et al. 2020): does the table say so?

Each rule looks for one kind of claim. A claim that fails makes the statement false. A statement is true only if a rule
covers it and no number of the statement is left over.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.questions.plainly import plainly
from lensmill.agents.reader.tables.answers import TableAnswer
from lensmill.agents.reader.tables.conditions import column_of, rows_of
from lensmill.agents.reader.tables.linking import CellLink, Linked
from lensmill.agents.reader.tables.questions import HIGHEST, LOWEST, best_rows, extreme
from lensmill.perception.tables.table import TableReading

_ASKED = re.compile(r"^(?:is it (?:true|correct|right) that|true or false:?|does the table (?:say|show) that)\s+", re.I)
_VERBS = re.compile(r"^(?:is|are|was|were|does|do|did|has|have|had|can)\b", re.I)
_QUESTION = re.compile(
    r"^(?:\w+ ){0,2}(?:what|which|who|whose|when|where|why|how)\b|^(?:find|list|name|calculate|give|tell)\b", re.I
)
_MORE, _LESS = ("more", "higher", "greater", "larger", "bigger"), ("less", "lower", "fewer", "smaller")
_NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_UNKNOWN = re.compile(r"\bonly\b|\bexcept\b|\bother than\b|\bapart from\b|\bn't\b|\bneither\b")


def is_statement(text: str) -> bool:
    """Whether a text is a statement, or a question for yes or no."""
    text = plainly(text)
    return bool(_ASKED.match(text) or _VERBS.match(text)) or not ("?" in text or _QUESTION.match(text))


def judge_statement(text: str, table: TableReading) -> TableAnswer:
    """Yes or No.

    Raises:
        NoAnswer: no rule covers the statement, or it says more than the rule checks.
    """
    linked = Linked(_ASKED.sub("", plainly(text).rstrip("?. ")), table)
    if _UNKNOWN.search(linked.text.lower()):
        raise NoAnswer("the statement excludes something")
    for rule in _RULES:
        found = rule(linked)
        if found is not None:
            return found
    raise NoAnswer("no rule covers the statement")


def _verdict(holds: bool, said: str, rows: tuple[int, ...], columns: set[int]) -> TableAnswer:
    return TableAnswer("Yes" if holds else "No", said, rows, tuple(sorted(columns)))


def _leftover(linked: Linked, *used: float) -> bool:
    """Whether the text holds a number that is in no cell and was not used; years of the whole table are left out."""
    numbers = [word.text for word in linked.unlinked() if word.text[0].isdigit()]
    return any(_number(text) not in used for text in numbers if not re.fullmatch(r"(?:1[89]|20)\d\d", text))


def _number(text: str) -> float | None:
    if text in _NUMBERS:
        return float(_NUMBERS[text])
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def _often(linked: Linked) -> TableAnswer | None:
    """ "X occurs more often than Y", "X is not as common as Y", "X is the most common"."""
    text = linked.text.lower()
    if not re.search(r"\b(?:often|occur\w*|common\w*|frequent\w*)\b", text):
        return None
    links = [link for link in linked.cells if link.rows]
    if not links:
        return None
    column = column_of(linked, links[0])
    counts = [len(link.rows.get(column, ())) for link in links]
    rows = tuple(sorted({row for link in links for row in link.rows.get(column, ())}))
    pairs = [(linked.cell(link.rows[column][0], column), n) for link, n in zip(links, counts, strict=True) if n]
    said = ", ".join(f'"{name}" {n} times' for name, n in pairs)
    said = f'The column "{linked.header(column)}" has {said}.'
    if len(links) == 2 and all(counts):
        if re.search(r"\bnot as\b|\bless\b|\bfewer\b", text):
            return _verdict(counts[0] < counts[1], said, rows, {column})
        if re.search(r"\bmore\b", text):
            return _verdict(counts[0] > counts[1], said, rows, {column})
        if re.search(r"\bas\b", text):
            return _verdict(counts[0] == counts[1], said, rows, {column})
        return None
    if len(links) == 1:
        every = [linked.cell(row, column) for row in range(linked.count)]
        tally = sorted(every.count(name) for name in set(every))
        degree = re.search(r"\b(\w+)[ -]+(?:often|occur|common|frequent)", text)
        if degree and degree[1] in HIGHEST:
            return _verdict(counts[0] == tally[-1], said, rows, {column})
        if degree and degree[1] in LOWEST:
            return _verdict(counts[0] == tally[0], said, rows, {column})
    return None


def _half(linked: Linked) -> TableAnswer | None:
    """ "More than half of the rows are X"."""
    text = linked.text.lower()
    more = re.search(r"\bmajority\b|\b(?:more|over) than half\b|\bmost of the\b", text)
    less = re.search(r"\bless than half\b|\bminority\b", text)
    if not (more or less) or not linked.cells or re.search(r"\bnot\b|\bnon\b", text):
        return None
    rows, columns = rows_of(linked, linked.cells)
    said = f"{len(rows)} of {linked.count} rows fit."
    return _verdict(2 * len(rows) > linked.count if more else 2 * len(rows) < linked.count, said, rows, columns)


def _superlative(linked: Linked) -> TableAnswer | None:
    """ "X has the highest Y", also with several X, and among the rows of another cell."""
    if not linked.has(*HIGHEST, *LOWEST) or not linked.cells:
        return None
    try:
        measure, high = extreme(linked)
    except NoAnswer:
        return None
    links = [link for link in linked.cells if measure not in link.rows]
    among = [link for link in links if _after(linked, link, "among", "in", "position")]
    named = [link for link in links if link not in among]
    if not named:
        return None
    scope, columns = rows_of(linked, among) if among else (tuple(range(linked.count)), set())
    same_column = len({column_of(linked, link, {measure}) for link in named}) == 1
    if same_column and len(named) > 1:
        rows = tuple(sorted({row for link in named for row in link.rows[column_of(linked, link, {measure})]}))
    else:
        rows = _shared(linked, named, measure)
    if not rows or not set(rows) <= set(scope):
        return None
    best = set(best_rows(linked, measure, scope, high))
    if len(rows) > 1 and len(best) == 1:
        ordered = sorted(scope, key=lambda row: (linked.value(row, measure) or 0.0) * (-1 if high else 1))
        best = {row for row in scope if linked.value(row, measure) == linked.value(ordered[0], measure)}
        wanted = re.search(r"\bthe (\d|two|three) ", linked.text.lower())
        if wanted and high:
            best = set(ordered[: len(rows)])
    holds = set(rows) == best if len(rows) > 1 else set(rows) <= best
    if holds and _leftover(linked, float(len(rows))):
        return None
    values = ", ".join(
        f'"{linked.table.rows[row].label}": {linked.cell(row, measure)}' for row in sorted({*rows, *best})
    )
    kind = "largest" if high else "smallest"
    label = linked.table.rows[min(best)].label
    said = f'In "{linked.header(measure)}" there is {values}; the {kind} is in the row "{label}".'
    return _verdict(holds, said, tuple(sorted({*rows, *best})), {measure, *columns})


def _after(linked: Linked, link: CellLink, *words: str) -> bool:
    """Whether a phrase belongs to "among ..." or "in X position"."""
    before = linked.words[max(0, link.phrase.start - 6) : link.phrase.start]
    after = linked.words[link.phrase.end : link.phrase.end + 1]
    earlier = [k for k in linked.cells if k.phrase.end <= link.phrase.start]
    return (not earlier and any(word.text == "among" for word in before)) or (
        any(word.text == "in" for word in before[-2:]) and any(word.text in words for word in after)
    )


def _shared(linked: Linked, links: list[CellLink], measure: int) -> tuple[int, ...]:
    """The rows that hold all phrases, in any columns but one."""
    rows = set(range(linked.count))
    for link in links:
        rows &= {row for column, there in link.rows.items() if column != measure for row in there}
    return tuple(sorted(rows))


def _compared(linked: Linked) -> TableAnswer | None:
    """ "X has (N) more Y than Z"."""
    words = [word.text for word in linked.words]
    signs = [(at, 1 if word in _MORE else -1) for at, word in enumerate(words) if word in (*_MORE, *_LESS)]
    if len(signs) != 1 or "than" not in words:
        return None
    at, than = signs[0][0], words.index("than")
    named = {link.column for link in linked.columns if linked.numeric(link.column) and at < link.phrase.start}
    first = [link for link in linked.cells if link.phrase.end <= at]
    second = [link for link in linked.cells if link.phrase.start > than]
    if len(named) != 1 or len(first) != 1 or len(second) != 1:
        return None
    measure = named.pop()
    one, other = (link.rows[column_of(linked, link, {measure})] for link in (first[0], second[0]))
    if len(one) != 1 or len(other) != 1:
        return None
    a, b = linked.value(one[0], measure), linked.value(other[0], measure)
    if a is None or b is None:
        return None
    numbers = [n for word in words[max(0, at - 1) : at] if (n := _number(word)) is not None]
    holds = signs[0][1] * (a - b) > 0 and all(abs(abs(a - b) - n) < 1e-6 for n in numbers)
    if holds and _leftover(linked, *numbers):
        return None
    said = f'"{linked.header(measure)}" is {linked.cell(one[0], measure)} and {linked.cell(other[0], measure)}.'
    return _verdict(holds, said, (one[0], other[0]), {measure})


def _one_of(linked: Linked) -> TableAnswer | None:
    """ "X is 1 of the 6 venues", "X is one of 2 races in the circuit Y"."""
    match = re.search(r"\b(one|\d+) of (?:the )?(\w+) (\w+)", linked.text.lower())
    if match is None or not linked.cells or (total := _number(match[2])) is None or (part := _number(match[1])) is None:
        return None
    if part != 1:
        return TableAnswer("No", "One name is not several.", (), ())
    subject = linked.cells[0]
    if len(linked.cells) > 1:
        column = column_of(linked, linked.cells[1])
        rows = linked.cells[1].rows[column]
        inside = {row for there in subject.rows.values() for row in there} <= set(rows)
        said = f'{len(rows)} rows have "{linked.cell(rows[0], column)}".'
        return _verdict(inside and len(rows) == total, said, rows, {column})
    column = column_of(linked, subject)
    if not any(link.column == column for link in linked.columns):
        return None
    names = {linked.cell(row, column) for row in range(linked.count)}
    said = f'The column "{linked.header(column)}" has {len(names)} different entries.'
    return _verdict(len(names) == total, said, subject.rows[column], {column})


def _counted(linked: Linked) -> TableAnswer | None:
    """ "N different Y", "N of the rows are X", "all of the rows are X"."""
    text = linked.text.lower()
    if linked.has(*HIGHEST, *LOWEST, *_MORE, *_LESS, "over", "under", "per", "not", "above", "below"):
        return None
    distinct = re.search(r"\b(\d+|two|three|four|five|six|seven|eight|nine|ten) different (\w+)", text)
    if distinct:
        columns = {
            k.column for k in linked.columns if k.share == 1 and linked.words[k.phrase.start].text == distinct[2]
        }
        if len(columns) != 1:
            return None
        column = columns.pop()
        names = {linked.cell(row, column) for row in range(linked.count)}
        said = f'The column "{linked.header(column)}" has {len(names)} different entries.'
        return _verdict(len(names) == _number(distinct[1]), said, tuple(range(linked.count)), {column})
    teams = re.match(r"^(?:there (?:be|are|were) )?(\d+) (\w+) (?:compete|play|take part)", text)
    if teams:
        return _sides(linked, teams[2], float(teams[1]))
    of = re.match(r"^(all|none|\d+|two|three|four|five|six|seven|eight|nine|ten) of (?:the )?[\w ]+", text)
    if of is None:
        return None
    rows, columns = _satisfying(linked)
    if not columns:
        return None
    wanted = {"all": float(linked.count), "none": 0.0}.get(of[1], _number(of[1]))
    return _verdict(len(rows) == wanted, f"{len(rows)} of {linked.count} rows fit.", rows, columns)


def _satisfying(linked: Linked) -> tuple[tuple[int, ...], set[int]]:
    """The rows that hold all that is named; a single word may be a part of cells ("May" in "5 May")."""
    if linked.cells:
        return rows_of(linked, linked.cells)
    found = [places for word in linked.unlinked()[-2:] if not word.text[0].isdigit()
             if len(places := linked.parts_of_cells(word)) == 1]  # fmt: skip
    if len(found) != 1:
        return (), set()
    ((column, rows),) = found[0].items()
    return rows, {column}


def _sides(linked: Linked, noun: str, wanted: float) -> TableAnswer | None:
    """ "12 teams compete": the different names in the columns of both sides."""
    columns = [
        place
        for place in range(len(linked.table.columns))
        if noun.rstrip("s") in linked.header(place).lower().split() and not _with_digits(linked, place)
    ]
    if not columns:
        return None
    names = {linked.cell(row, column) for column in columns for row in range(linked.count)}
    said = f"The table names {len(names)} different teams."
    return _verdict(len(names) == wanted, said, tuple(range(linked.count)), set(columns))


def _with_digits(linked: Linked, column: int) -> bool:
    return any(character.isdigit() for row in range(linked.count) for character in linked.cell(row, column))


def _all_in(linked: Linked) -> TableAnswer | None:
    """ "X, Y and Z are all away teams"."""
    match = re.search(r"\b(?:be|are|were) all (.+)$", linked.text.lower())
    if match is None or len(linked.cells) < 2:
        return None
    at = len(linked.text) - len(match[1])
    named = {k.column for k in linked.columns if linked.words[k.phrase.start].start >= at and k.share == 1}
    if len(named) != 1:
        return None
    column = named.pop()
    missing = [link for link in linked.cells if column not in link.rows]
    rows = tuple(sorted({row for link in linked.cells for row in link.rows.get(column, ())}))
    said = f'{len(linked.cells) - len(missing)} of the {len(linked.cells)} names are in "{linked.header(column)}".'
    return _verdict(not missing, said, rows, {column})


def _same_row(linked: Linked) -> TableAnswer | None:
    """ "X records a score of V (while Y records W)": each clause's cells stand in one row."""
    text = linked.text
    if linked.has(*HIGHEST, *LOWEST, *_MORE, *_LESS, "not", "all", "lose", "win", "beat", "defeat", "than", "no"):
        return None
    cuts = [match.start() for match in re.finditer(r"\b(?:while|whereas|but)\b", text)]
    bounds = [0, *cuts, len(text) + 1]
    clauses = [[k for k in linked.cells if a <= linked.words[k.phrase.start].start < b] for a, b in pairwise(bounds)]
    if any(len(clause) < 2 for clause in clauses):
        short = [clause for clause in clauses if len(clause) < 2]
        if len(short) == len(clauses) or not all(clauses):
            return None
    holds = True
    rows: set[int] = set()
    columns: set[int] = set()
    for clause in clauses:
        if len(clause) < 2:
            continue
        shared = _shared(linked, clause, -1)
        holds = holds and bool(shared)
        rows |= set(shared) or {row for there in clause[0].rows.values() for row in there}
        columns |= {column for link in clause for column in link.rows}
    unseen = [k for k in linked.columns if k.share == 1 and k.column not in columns and linked.numeric(k.column)]
    if holds and (unseen or _leftover(linked) or any(len(clause) < 2 for clause in clauses) or len(_loose(linked)) > 1):
        return None
    said = "The cells named together stand in one row." if holds else "Cells named together do not stand in one row."
    return _verdict(holds, said, tuple(sorted(rows)), columns)


def _loose(linked: Linked) -> list[str]:
    return [word.text for word in linked.unlinked() if word.text not in ("record", "while", "season", "whereas")]


_RULES: tuple[Callable[[Linked], TableAnswer | None], ...] = (
    _often,
    _half,
    _one_of,
    _superlative,
    _compared,
    _all_in,
    _counted,
    _same_row,
)
