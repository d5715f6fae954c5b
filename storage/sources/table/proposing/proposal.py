"""A proposal for the settings of the source `table`, with the reasons, and with what the values leave open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.sources.option_fields import plain
from storage.sources.rows import RowProblem
from storage.sources.table.boxes import Numbers, numbers_of
from storage.sources.table.layouts.layout import Row
from storage.sources.table.paths import parts_of
from storage.sources.table.proposing.box_forms import Seen, form_of
from storage.sources.table.proposing.looking import Column, columns_of
from storage.sources.table.proposing.places import Place, pictures_in, reader, size_of
from storage.sources.table.proposing.roles import (
    ANSWER_NAMES,
    boxes_columns,
    by_rank,
    is_answer,
    licence_column,
    only_first_can_be_right,
    options,
    questions,
    share,
    split_column,
    subset_column,
    turns,
)
from storage.sources.table.reading import list_in

SIZED = 50
"""Pictures whose size is read, to tell the units of boxes."""

WIDTHS, HEIGHTS = (
    ("width", "image_width", "img_width", "img_w", "w"),
    ("height", "image_height", "img_height", "img_h", "h"),
)


@dataclass
class Proposal:
    """How to read a dataset.

    Attributes:
        settings: of the source `table`, without its path; only those that differ from the defaults.
        roles: column path -> role, for a report.
        columns: every column and path that was seen.
        notes: what a person should look at.
        undecided: setting -> why a person must choose it.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    undecided: dict[str, str] = field(default_factory=dict)

    @property
    def mapping(self) -> dict[str, Any]:
        """Role -> column."""
        found: dict[str, Any] = self.settings.setdefault("columns", {})
        return found

    def take(self, role: str, column: str | Sequence[str], why: str = "") -> None:
        """Give a role to a column."""
        self.mapping[role] = column
        for path in [column] if isinstance(column, str) else column:
            self.roles[path] = role + (f" ({why})" if why else "")


def propose(rows: Sequence[Row], folders: Sequence[Path], root: Path, given: Mapping[str, Any]) -> Proposal:
    """A proposal from some rows.

    Args:
        folders: where names of pictures are looked up without a setting: the folder of the rows, and the source's.
        root: the folder of the dataset.
        given: roles that a person has decided, by column.
    """
    made = Proposal(columns=columns_of(rows))
    by_path = {column.path: column for column in made.columns}
    for role, column in given.items():
        made.take(role, column, "as you say")
    free = [column for column in made.columns if column.values and column.path not in made.roles]
    place = _image(made, [by_path[given["image"]]] if given.get("image") in by_path else free, folders, root)
    _question_and_answers(made, rows, free, by_path)
    _boxes(made, rows, free, place, folders)
    if "split" not in given and (split := split_column(free)) is not None:
        made.take("split", split.path)
    if "subset" not in given and (subset := subset_column([one for one in free if one.path not in made.roles])):
        made.take("subset", subset.path)
    if "licence" not in given:
        licence = licence_column(free)
        if licence is not None:
            made.take("licence", licence.path)
        else:
            made.notes.append("no column names a licence: add source.licence=... if you know it")
    return made


def _image(made: Proposal, free: Sequence[Column], folders: Sequence[Path], root: Path) -> Place | None:
    places = pictures_in(free, folders, root)
    if not places:
        made.undecided["columns.image"] = "no column holds pictures or names of picture files"
        return None
    best = places[0]
    if "image" not in made.mapping:
        made.take("image", best.column.path, best.about)
    made.settings.update(best.settings)
    if best.found == 0:
        made.undecided["pictures"] = (
            f'"{best.column.path}" names pictures, e.g. {best.column.example}, and no folder here has them: name the '
            "folder with source.pictures=... (and with source.picture_name='\"{name}\"' if only the last part counts)"
        )
    elif best.found < best.looked_at:
        made.notes.append(
            f'"{best.column.path}": {best.found} of {best.looked_at} pictures that were looked for are there'
        )
    others = [place.column.path for place in places[1:] if place.found]
    if others:
        made.notes.append(f"other columns have pictures too ({', '.join(others[:5])}): a sample has one picture")
    return best


def _question_and_answers(
    made: Proposal, rows: Sequence[Row], free: Sequence[Column], by_path: Mapping[str, Column]
) -> None:
    free = [one for one in free if one.path not in made.roles]
    conversation = turns(rows, free)
    if conversation is not None and not {"question", "answers"} & set(made.mapping):
        question, answer = conversation
        made.take("question", question.path, "the user's first turn")
        made.notes.append("rows are conversations: only the first question and the next turn are read")
        if rival := by_rank([one for one in free if "." not in one.path], ANSWER_NAMES, is_answer):
            made.notes.append(
                f'"{rival[0].path}" may be the answer too: choose with columns={{answers: {rival[0].path}}}'
            )
        made.take("answers", answer.path, "the turn after it")
    if "question" not in made.mapping:
        found, why = questions(free)
        if not found:
            made.undecided["columns.question"] = "no column is named like a question or ends with question marks"
        else:
            made.take("question", found[0].path, why)
            _mention(made, "question", found)
    free = [one for one in free if one.path not in made.roles]
    if "answers" not in made.mapping and (found := by_rank(free, ANSWER_NAMES, is_answer)):
        made.take("answers", _collected(found[0].path, made.mapping.get("question", "")), "by name")
        _mention(made, "answers", found)
    answers = by_path.get(_seen_path(made.mapping.get("answers", "")))
    _options(made, [one for one in free if one.path not in made.roles], answers)
    if answers is not None:
        _answer_form(made, answers)
    elif "answers" not in made.mapping and made.settings.get("answers") != "first_option":
        made.undecided["columns.answers"] = "no column is named like an answer: choose one of the columns above"


def _mention(made: Proposal, role: str, found: Sequence[Column]) -> None:
    others = [one.path for one in found[1:] if len(parts_of(one.path)) == len(parts_of(found[0].path))]
    if others:
        made.notes.append(f'"{found[0].path}" is taken for {role}; {", ".join(others[:4])} would do by name too')


def _collected(path: str, question: str) -> str:
    """The path of answers in a list: one sample an item if the question is there too, otherwise a list of all."""
    head, star, rest = path.partition(".*.")
    return path if not star or question.startswith(f"{head}.*.") else f"{head}[].{rest}"


def _seen_path(path: str) -> str:
    return path.replace("[].", ".*.")


def _options(made: Proposal, free: Sequence[Column], answers: Column | None) -> None:
    if "options" not in made.mapping:
        found, why = options(free, answers)
        if found is None:
            return
        made.take("options", found, why)
    path = made.mapping["options"]
    if answers is None and isinstance(path, str) and only_first_can_be_right(made.columns, path):
        made.settings["answers"] = "first_option"
        made.notes.append(
            f'no column says which of "{path}" is right: in V* the first option is; look at the preview, or name the '
            "column with columns={answers: ...}"
        )


def _answer_form(made: Proposal, answers: Column) -> None:
    texts = [value for value in answers.values if isinstance(value, str)]
    if not texts or len(texts) < len(answers.values):
        return
    if share(texts, lambda value: list_in(str(value)) is not None) >= 0.95:
        made.settings["answers"] = "list"
        return
    for separator in ("|||", "||"):
        if any(separator in value for value in texts):
            made.settings["answers"] = "joined"
            if separator != "||":
                made.settings["separator"] = separator
            made.notes.append(f'answers have "{separator}" inside: they are read as several accepted answers')
            return


def _boxes(
    made: Proposal, rows: Sequence[Row], free: Sequence[Column], place: Place | None, folders: Sequence[Path]
) -> None:
    named = made.mapping.get("boxes")
    evidence, others = boxes_columns(free)
    if others and not named:
        names = ", ".join(dict.fromkeys(one.path for one in others[:4]))
        made.notes.append(f"{names} may hold boxes, of no evidence by name: columns={{boxes: ...}} takes one")
    for column in [one for one in made.columns if one.path == named] if named else evidence:
        if column.path in made.roles and column.path != named:
            continue
        found = _numbers(column)
        if not found or place is None:
            continue
        sizes = _sizes(place, {row for row, _ in found}, folders)
        shown = _shown_sizes(rows, sizes)
        seen: list[Seen] = [
            (said, four, shown.get(row, sizes[row])) for row, boxes in found if row in sizes for said, four in boxes
        ]
        if not seen:
            continue
        made.take("boxes", column.path)
        if shown:
            width, height = _size_columns(rows[0]) or ("", "")
            made.take("box_width", width)
            made.take("box_height", height)
            made.notes.append(f'"{width}" and "{height}" differ from the pictures: boxes are read as of that size')
        _decide(made, column, seen)
        return


def _decide(made: Proposal, column: Column, seen: Sequence[Seen]) -> None:
    fit = form_of(seen)
    words = column.names[0] if column.names else ""
    forms = tuple(form for form in fit.forms if form in words) or fit.forms
    if not fit.units:
        made.undecided["boxes"] = (
            f'"{column.path}" fits no form and unit: say source.boxes, source.box_unit, source.box_of'
        )
        return
    if len(forms) == 1:
        made.settings["boxes"] = forms[0]
    else:
        made.undecided["boxes"] = f'"{column.path}" may be xyxy (corners) or xywh (corner and size): both fit all rows'
    if len(fit.units) > 1:
        made.undecided["box_unit"] = f'"{column.path}" may be in pixels or 0-1000 (thousand): both fit all rows'
    elif fit.units[0] != "pixels":
        made.settings["box_unit"] = fit.units[0]


def _numbers(column: Column) -> list[tuple[int, list[tuple[str, Numbers]]]]:
    """The boxes of the first rows, by row; none if most cells are no boxes."""
    found, wrong = [], 0
    for row, value in list(zip(column.rows, column.values, strict=True))[: 4 * SIZED]:
        try:
            if boxes := numbers_of(value, column.path):
                found.append((row, boxes))
        except RowProblem:
            wrong += 1
    return found if len(found) > 4 * wrong else []


def _sizes(place: Place, wanted: set[int], folders: Sequence[Path]) -> dict[int, tuple[int, int]]:
    """The size of the picture of some rows."""
    pictures, found = reader(place.settings, folders), dict[int, tuple[int, int]]()
    for row, value in zip(place.column.rows, place.column.values, strict=True):
        if row in wanted and len(found) < SIZED:
            header = size_of(value, place.column.path, pictures)
            if header is not None:
                found[row] = (header.width, header.height)
    return found


def _size_columns(row: Row) -> tuple[str, str] | None:
    by_name = {plain(name): name for name in row}
    for width, height in zip(WIDTHS, HEIGHTS, strict=True):
        if plain(width) in by_name and plain(height) in by_name:
            return by_name[plain(width)], by_name[plain(height)]
    return None


def _shown_sizes(rows: Sequence[Row], sizes: Mapping[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """The sizes that rows give, if they are not those of the pictures."""
    columns = _size_columns(rows[0]) if rows else None
    if columns is None:
        return {}
    found: dict[int, tuple[int, int]] = {}
    for row in sizes:
        width, height = (rows[row].get(name) for name in columns)
        if not (isinstance(width, (int, float)) and isinstance(height, (int, float)) and width >= 1 and height >= 1):
            return {}
        found[row] = (int(width), int(height))
    same = sum(found[row] == size for row, size in sizes.items())
    return {} if same * 2 >= len(found) else found
