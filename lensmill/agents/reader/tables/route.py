"""The table route: answer from the table, mark the evidence with an edit, and read it again."""

from collections.abc import Sequence

from lensmill.agents.reader.conclusion import Conclusion
from lensmill.agents.reader.looking import Looking, whole_pixels
from lensmill.agents.reader.matching import fold
from lensmill.agents.reader.questions.answers import NoAnswer
from lensmill.agents.reader.sheet import LEGIBLE_SCORE, Seen, legible_share
from lensmill.agents.reader.tables.answers import TableAnswer
from lensmill.agents.reader.tables.questions import answer_from_table
from lensmill.agents.reader.tables.statements import is_statement, judge_statement
from lensmill.geometry import Box
from lensmill.perception.reading import read_chart
from lensmill.perception.tables.reading import read_table
from lensmill.perception.tables.table import TableCell, TableReading
from lensmill.sample import RegionKind
from lensmill.tools import EditKind, edit_name

SURE = 0.5
"""The lowest score of the text recogniser for a text that is used."""

CLEAR = 0.7
"""The least share of legible lines with which a picture is read as a table."""

FEW_ROWS = 6
"""Evidence in more rows is marked by its columns."""

CHECKED = 6
"""At most this many cells are read again."""

BARS = ("h_bar", "v_bar")
"""Kinds of charts whose labels and numbers stand in rows and columns."""

_VERDICTS = {"yes": "Yes", "true": "Yes", "no": "No", "false": "No"}


def conclude_from_table(looking: Looking) -> Conclusion | None:
    """The conclusion about an open question; None if the pictures show no table."""
    table = _read(looking)
    return None if table is None else _conclude(looking, table, statement=is_statement(looking.task.question))


def conclude_statement(looking: Looking) -> Conclusion | None:
    """The conclusion about a statement whose options are yes and no (or true and false); None for other options, and if
    the view shows no table."""
    options = {_VERDICTS.get(choice.strip().lower().rstrip(".")): choice for choice in looking.task.choices}
    if set(options) != {"Yes", "No"}:
        return None
    table = _read(looking)
    if table is None:
        return None
    end = _conclude(looking, table, statement=True)
    return Conclusion(end.thought, None if end.answer is None else options[end.answer])


def _read(looking: Looking) -> TableReading | None:
    """The table that the pictures show; None while most of the print is blurred: the labels and values of a small bar
    chart then look like the cells of a table. A picture with bars is a chart, whose labels may stand in rows too."""
    lines = looking.sheet.lines(SURE)
    if legible_share(lines) < CLEAR:
        return None
    texts = [seen.line for seen in lines]
    table = read_table(looking.pictures, texts)
    return None if table is None or read_chart(looking.pictures, texts).kind in BARS else table


def _conclude(looking: Looking, table: TableReading, statement: bool) -> Conclusion:
    try:
        found = (judge_statement if statement else answer_from_table)(looking.task.question, table)
    except NoAnswer as reason:
        return Conclusion(f"I do not answer: {reason}.", None)
    return _confirm(looking, table, found)


def _confirm(looking: Looking, table: TableReading, found: TableAnswer) -> Conclusion:
    """Mark the evidence and read it again; answer only where it still says the same."""
    cells = [table.cells[row][column] for row in found.rows for column in found.columns][:CHECKED]
    seen: Sequence[Seen] = ()
    if cells and looking.steps_left > 0:
        seen = _mark(looking, table, found)
    missing = [cell for cell in cells if cell.text and not _reads(cell, seen)]
    if missing and looking.steps_left > 0:
        target = missing[0].box
        for cell in missing[1:]:
            target = target.union(cell.box)
        names = ", ".join(dict.fromkeys(cell.text for cell in missing))[:80]
        thought = f"{found.thought} I look closely at {names} to be sure."
        again = looking.zoom(target.padded(0.6 * min(cell.box.height for cell in missing)), thought, names)
        wrong = [cell for cell in missing if _contradicts(cell, again)]
        if wrong:
            return Conclusion(f'Read again, "{wrong[0].text}" is not what it says. I do not answer.', None)
    return Conclusion(found.thought, found.answer)


def _mark(looking: Looking, table: TableReading, found: TableAnswer) -> Sequence[Seen]:
    """Mark the rows of the evidence, or its columns if there are many rows, and read them."""
    by_rows = bool(found.rows) and len(found.rows) <= FEW_ROWS
    kind: RegionKind = "rows" if by_rows else "columns"
    labels = [row.label for row in table.rows] if by_rows else [column.name for column in table.columns]
    boxes = [row.box for row in table.rows] if by_rows else [column.box for column in table.columns]
    places = found.rows if by_rows else found.columns
    names = _names(labels, kind)
    target = boxes[places[0]]
    for place in places[1:]:
        target = target.union(boxes[place])
    index = looking.sharpest(target)
    frame = looking.pictures[index].frame
    known = {
        name: list(whole_pixels(frame.from_original(box), frame))
        for name, box in zip(names, boxes, strict=True)
        if frame.from_original(box).clip(frame.bounds) is not None
    }
    focused = [names[place] for place in places if names[place] in known]
    if not focused:
        return ()
    given = {fold(region.label): region.label for region in looking.task.regions if region.kind == kind}
    arguments: dict[str, object] = {"labels": focused, "image": index}
    if all(fold(name) in given for name in focused):
        arguments["labels"] = [given[fold(name)] for name in focused]
    else:
        arguments["boxes"] = {name: known[name] for name in focused}
    edit: EditKind = "highlight" if len(focused) == 1 else "draw"
    named = ", ".join(f'"{name}"' for name in focused)
    thought = f"The answer rests on the {kind if len(focused) > 1 else kind[:-1]} {named}. I mark it to be sure."
    evidence = [table.cells[row][column].box for row in found.rows for column in found.columns]
    return looking.edit(edit_name(edit, kind), arguments, thought, _around(evidence[:CHECKED], target))


def _around(boxes: Sequence[Box], other: Box) -> Box:
    if not boxes:
        return other
    whole = boxes[0]
    for box in boxes[1:]:
        whole = whole.union(box)
    return whole


def _names(labels: Sequence[str], kind: str) -> list[str]:
    """A name for each row or column, told apart where two print the same, and a number where nothing is printed."""
    names: list[str] = []
    for number, label in enumerate(labels, start=1):
        plain = " ".join(label.split()) or f"{kind[:-1]} {number}"
        name, count = plain, 2
        while name in names:
            name, count = f"{plain} ({count})", count + 1
        names.append(name)
    return names


def _at(cell: TableCell, seen: Sequence[Seen]) -> str:
    """What was read inside a cell, folded."""
    inside = [line for line in seen if _shares(line.box, cell.box)]
    return fold("".join(line.text for line in sorted(inside, key=lambda line: (line.box.y1, line.box.x1))))


def _shares(line: Box, cell: Box) -> bool:
    shared = line.intersection(cell)
    return shared is not None and shared.area >= 0.5 * min(line.area, cell.area)


def _reads(cell: TableCell, seen: Sequence[Seen]) -> bool:
    return fold(cell.text) in _at(cell, seen)


def _contradicts(cell: TableCell, seen: Sequence[Seen]) -> bool:
    """Whether a sure reading of the cell from close says something else."""
    sure = [line for line in seen if line.score >= LEGIBLE_SCORE and not line.cut]
    text = _at(cell, sure)
    return bool(text) and fold(cell.text) not in text
