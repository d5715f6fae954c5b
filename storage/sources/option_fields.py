"""Where a row keeps its options, and the letters that they carry: lists, dicts, columns, and texts that hold those."""

import ast
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from storage.sources.printed import take_apart
from storage.sources.rows import RowProblem, answer_of, shown

MAX_OPTIONS = 26
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LISTS = ("options", "choices", "candidates", "answer_choices", "multi_choice_options", "multiple_choices")
"""Fields that hold all the options, by their names in lower case with underscores."""

_COLUMN = re.compile(r"(?:option|choice|op)?_?([a-z])|(?:option|choice)_?(\d{1,2})")
_LETTERED = re.compile(
    r"\s*(?:\(\s*([A-Za-z])\s*\)\s*[.:]?|([A-Z])\s*[).:、．](?=\s|[^\x00-\x7f]|[A-Za-z0-9][a-z0-9]))"
    r"\s*((?!(?:and|or|nor|only|alone|to|through|is|are)\b|[&,/+-])\S.*?)\s*",
    re.DOTALL,
)
_LETTER = re.compile(r"()\(?(([A-Za-z]))\)?")
_NUMBERED = re.compile(r"\s*(?:\((\d{1,2})\)|(\d{1,2})(?:\)|\.(?=\s)))\s*(\S.*?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a row, in the order of their marks or else as written.

    Attributes:
        texts: without the letters that they carried.
        marks: what the row itself calls each: letters or numbers; empty where the options carry none.
        written: as the row has them, letters and all.
        field: for messages.
        fixed: their order says something to a reader (columns, dict, printed), so that it is kept.
        numbers: they are numbers in the row, so that a number names an option by its value.
    """

    texts: tuple[str, ...]
    marks: tuple[str, ...]
    written: tuple[str, ...]
    field: str
    fixed: bool = False
    numbers: bool = False


def named(row: Mapping[str, object], names: Sequence[str]) -> list[str]:
    """The row's own keys that are these names, whatever their case, spaces and dashes; in the order of the names."""
    keys: dict[str, str] = {}
    for key in row:
        keys.setdefault(re.sub(r"[\s-]+", "_", str(key).strip().lower()), key)
    return [keys[name] for name in names if name in keys]


def missing(value: object) -> bool:
    """Whether a cell holds nothing: null, NaN, or a text of spaces."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )


def options_of(row: Mapping[str, object]) -> Options | None:
    """The options of a row's own fields, or None where it has none.

    Raises:
        RowProblem: they cannot be read in one way only.
    """
    for key in named(row, LISTS):
        value = row[key]
        if not missing(value) and value != [] and value != {}:
            return checked(_read(value, key))
    return _columns(row)


def checked(options: Options) -> Options:
    """The options in the order of their marks, without the letters that they carry.

    Raises:
        RowProblem: too few or too many, two alike, or letters that disagree with their places.
    """
    bare = _without_letters(replace(_in_order(options), marks=()))
    if options.marks:
        if bare.marks and list(bare.marks) != _expected(bare.marks):
            raise _disagreeing(options)
        options = replace(_in_order(options), texts=bare.texts)
    else:
        options = _in_order(bare)
    count, field = len(options.texts), options.field
    if not 2 <= count <= MAX_OPTIONS:
        raise RowProblem("bad_field", f'field "{field}" must be a list of 2 to {MAX_OPTIONS} texts, got {count}')
    if len({fold(text) for text in options.texts}) < count:
        raise RowProblem(
            "bad_field", f'field "{field}" holds the same text twice: {shown(list(options.texts))}; make them differ'
        )
    if any(letter_in_front(text, count) not in ("", LETTERS[place]) for place, text in enumerate(options.texts)):
        raise _disagreeing(options)
    return options


def fold(text: str) -> str:
    """A text as options are compared: without case, space around it, and a stop at its end."""
    folded = " ".join(text.casefold().split())
    return folded.rstrip(".").rstrip() or folded


def _read(value: object, field: str) -> Options:
    if isinstance(value, str):
        return _from_text(value, field)
    if isinstance(value, dict):
        return _from_dict(value, field)
    if not isinstance(value, list):
        raise RowProblem("bad_field", f'field "{field}" must be a list of 2 to {MAX_OPTIONS} texts, got {shown(value)}')
    if value and all(isinstance(one, dict) for one in value):
        return _from_dicts(value, field)
    return _from_list(value, field)


def _from_text(text: str, field: str) -> Options:
    """Options in a text: JSON, a list as Python prints it, or lettered lines."""
    if len(text) < 100_000 and text.lstrip()[:1] in "[{(":
        for parse in (json.loads, ast.literal_eval):
            try:
                value = parse(text.strip())
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(value, (list, tuple)):
                # Python joins texts that stand side by side ("['a' 'b']", as numpy prints them): two would become one.
                if parse is ast.literal_eval and re.search(r"""['"]\s+['"]""", text):
                    break
                return _read(list(value), field)
            if isinstance(value, dict):
                return _read(value, field)
    printed = take_apart(f"Options:\n{text}", field)
    if printed.options and not printed.question:
        marks = tuple(LETTERS[: len(printed.options)])
        return Options(printed.options, marks, printed.options, field)
    raise RowProblem(
        "bad_field", f'field "{field}" must be a list of 2 to {MAX_OPTIONS} texts, got {shown(text)}; write a JSON list'
    )


def _from_list(values: Sequence[object], field: str) -> Options:
    last = len(values)
    while last and missing(values[last - 1]) and not isinstance(values[last - 1], str):
        last -= 1  # tables fill up short lists with nulls
    if last > MAX_OPTIONS:
        raise RowProblem("bad_field", f'field "{field}" must be a list of 2 to {MAX_OPTIONS} texts, got {last}')
    texts = tuple(answer_of(one, f"{field}[{index}]") for index, one in enumerate(values[:last]))
    numbers = all(isinstance(one, (int, float)) for one in values[:last])
    return Options(texts, (), texts, field, numbers=numbers)


def _from_dicts(values: Sequence[Mapping[str, object]], field: str) -> Options:
    """[{label: A, text: red}, ...] or [{A: red}, {B: blue}]."""
    pairs: list[tuple[object, object]] = []
    for index, one in enumerate(values):
        mark, text = (
            named(one, ("label", "key", "letter", "id", "option")),
            named(one, ("text", "value", "content", "answer")),
        )
        if len(one) == 1:
            pairs.extend(one.items())
        elif mark and text:
            pairs.append((one[mark[0]], one[text[0]]))
        else:
            raise RowProblem("bad_field", f'field "{field}[{index}]" must be a text, got {shown(one)}')
    return _marked(pairs, field)


def _from_dict(value: Mapping[str, object], field: str) -> Options:
    marks, texts = named(value, ("label", "labels", "key", "keys")), named(value, ("text", "texts", "value", "values"))
    if marks and texts:
        given, said = value[marks[0]], value[texts[0]]
        if not isinstance(given, list) or not isinstance(said, list) or len(given) != len(said):
            raise RowProblem("bad_field", f'field "{field}" must have as many labels as texts, got {shown(value)}')
        return _marked(list(zip(given, said, strict=True)), field)
    return _marked(list(value.items()), field)


def _columns(row: Mapping[str, object]) -> Options | None:
    """Options in columns of their own: A, B, C, D; option_a; choice1."""
    found: dict[str, list[tuple[object, object]]] = {}
    for key, value in row.items():
        match = _COLUMN.fullmatch(re.sub(r"[\s-]+", "_", str(key).strip().lower()))
        if match:
            mark = (match[1] or match[2]).upper()
            found.setdefault(str(key)[: len(str(key)) - len(mark)], []).append((mark, value))
    for prefix, pairs in found.items():
        marks = {mark for mark, _ in pairs}
        if {"A", "B"} <= marks or {"1", "2"} <= marks or {"0", "1"} <= marks:
            if all(missing(value) for _, value in pairs):
                continue
            return checked(_marked(pairs, f"{prefix}{'A' if 'A' in marks else '1'}..."))
    return None


def _marked(pairs: Sequence[tuple[object, object]], field: str) -> Options:
    """Options that the row itself calls by letters or numbers."""
    kept = [(str(mark).strip().strip("().").upper(), value) for mark, value in pairs if not missing(value)]
    letters = all(len(mark) == 1 and mark in LETTERS for mark, _ in kept)
    if not letters and not all(re.fullmatch("[0-9]{1,2}", mark) for mark, _ in kept):
        raise RowProblem(
            "bad_field", f'field "{field}" must call its options A, B, C or 1, 2, 3, got {shown([*map(list, pairs)])}'
        )
    texts = tuple(answer_of(value, f"{field}[{mark}]") for mark, value in kept)
    return Options(texts, tuple(mark for mark, _ in kept), texts, field, fixed=True)


def _without_letters(options: Options) -> Options:
    """Options freed of "A." or "(1)" in front, where all carry one; their marks then are these, in whatever order.

    Raises:
        RowProblem: some carry a letter that is another's place.
    """
    for pattern in (_LETTERED, _NUMBERED, _LETTER):
        found = [pattern.fullmatch(text) for text in options.texts]
        marks = tuple((match[1] or match[2]).upper() for match in found if match)
        if marks and len(marks) == len(found) and sorted(marks, key=_rank) == _expected(marks):
            return replace(options, texts=tuple(match[3] for match in found if match), marks=marks)
    for place, text in enumerate(options.texts):
        mark = letter_in_front(text, len(options.texts))
        if mark and mark != LETTERS[place]:
            raise _disagreeing(options)
    return options


def letter_in_front(text: str, count: int) -> str:
    """The letter that an option carries or is, if it is the letter of one of so many places; else ""."""
    match = _LETTERED.fullmatch(text) or _LETTER.fullmatch(text)
    mark = (match[1] or match[2]).upper() if match else ""
    return mark if mark in LETTERS[:count] else ""


def _disagreeing(options: Options) -> RowProblem:
    return RowProblem(
        "bad_field",
        f'field "{options.field}" has options whose letters are not those of their places: '
        f"{shown(list(options.written))}; take the letters away",
    )


def _rank(mark: str) -> int:
    return int(mark) if mark.isdigit() else LETTERS.index(mark)


def _expected(marks: Sequence[str]) -> list[str]:
    """What the marks of so many options must be: A, B, C; or numbers from 0 or 1 on."""
    if marks[0] in LETTERS:
        return list(LETTERS[: len(marks)])
    start = min(map(_rank, marks))
    return [str(number) for number in range(start, start + len(marks))] if start <= 1 else []


def _in_order(options: Options) -> Options:
    if not options.marks:
        return options
    places = sorted(range(len(options.marks)), key=lambda place: _rank(options.marks[place]))
    marks = tuple(options.marks[place] for place in places)
    if list(marks) != _expected(marks):
        raise RowProblem(
            "bad_field",
            f'field "{options.field}" has options {", ".join(marks)[:80]}; none may be left out or come twice',
        )
    texts, written = (tuple(those[place] for place in places) for those in (options.texts, options.written))
    return replace(options, texts=texts, marks=marks, written=written)
