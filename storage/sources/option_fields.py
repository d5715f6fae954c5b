"""The fields of a row that hold its options: lists, dicts, columns, and texts that contain these."""

import ast
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from storage.sources.option_letters import LETTERS, letter_in_front, lone_letter, take_letter
from storage.sources.printed_options import take_apart
from storage.sources.rows import RowProblem, answer_of, shown, text_of

MAX_OPTIONS = 26
LISTS = ("options", "choices", "candidates", "answer_choices", "multi_choice_options", "multiple_choices")
"""Fields that hold all options, by the names that `named` finds."""

_NOTHING: tuple[object, ...] = ([], {}, "[]", "{}")
"""Values by which datasets say that a question has no options."""

_BETWEEN_WORDS = dict.fromkeys(map(ord, " \t_-"))
_PLACEHOLDER = re.compile(
    r"\s*(?:<\|?(?:image|img|picture|pic)[\s_-]*(?:pad)?\|?>|<img\b[^<>]*>|!\[[^\]]*\]\([^()]*\)|data:image/\S*)\s*",
    re.IGNORECASE,
)
_NUMBERED_PICTURE = re.compile(r"[<\[](?:image|img|picture|pic)[\s_-]*\d+[>\]]", re.IGNORECASE)
_PICTURE_FILE = re.compile(r"\S+\.(?:png|jpe?g|gif|webp|bmp|tiff?|svg)(?:\?\S*)?", re.IGNORECASE)
_COLUMN = re.compile(r"(?:option|choice|op)?_?([a-z])|(?:option|choice)_?(\d{1,2})")
_MARK = re.compile(r"^\s*(?:option|choice)[\s_]*", re.IGNORECASE)
_BARE = re.compile(r"\s*+([A-Z])\s++\S")
_NUMBERED = re.compile(r"(?:\((\d{1,2})\)|(\d{1,2})(?:\)|\.(?=\s)))\s*+(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a row, in the order of their marks, otherwise in the order of the row.

    Attributes:
        texts: without the letters that they carried.
        marks: what the row itself calls each: letters or numbers; empty where the options carry none.
        written: as the row has them, letters and all.
        field: for messages.
        fixed: their order says something to a reader (columns, dict, printed), so that it is kept.
        numbers: they are numbers in the row, so that a number names an option by its value.
        moved: they stand in another order than in the row, so that an index names none of them surely.
        listed: where a list has them in another order than the question prints, that of the list; else empty.
    """

    texts: tuple[str, ...]
    marks: tuple[str, ...]
    written: tuple[str, ...]
    field: str
    fixed: bool = False
    numbers: bool = False
    moved: bool = False
    listed: tuple[str, ...] = ()


def named(row: Mapping[str, object], names: Sequence[str]) -> list[str]:
    """The row's keys with these names, in any case and with any spaces, dashes and underscores ("answerIndex" is
    answer_index); in the order of the names.
    """
    keys: dict[str, list[str]] = {}
    for key in row:
        keys.setdefault(plain(key), []).append(key)
    return [key for name in dict.fromkeys(map(plain, names)) for key in keys.get(name, ())]


def plain(name: object) -> str:
    """The form in which field names are compared."""
    return str(name).casefold().translate(_BETWEEN_WORDS)


def missing(value: object) -> bool:
    """Whether a cell holds nothing: null, NaN, or a text of spaces."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )


def options_of(row: Mapping[str, object]) -> Options | None:
    """The options in a row's own fields, or None without any.

    Raises:
        RowProblem: the options can be read in several ways.
    """
    lists = [
        checked(_read(row[key], key)) for key in named(row, LISTS) if not missing(row[key]) and row[key] not in _NOTHING
    ]
    columns = _columns(row)
    found = [*lists, columns] if columns else lists
    for other in found[1:]:
        if [fold(text) for text in other.texts] != [fold(text) for text in found[0].texts]:
            raise RowProblem(
                "bad_field", f'fields "{found[0].field}" and "{other.field}" hold different options; make them agree'
            )
    return found[-1] if found else None


def checked(options: Options) -> Options:
    """The options in the order of their marks, without the letters that they carry.

    Raises:
        RowProblem: too few or too many, two alike, or letters that disagree with their places.
    """
    in_order = _in_order(options)
    _refuse_pictures(in_order)
    bare = _without_letters(replace(in_order, marks=()))
    if options.marks:
        if bare.marks and list(bare.marks) != _expected(bare.marks):
            raise _disagreeing(options)
        options = replace(bare, marks=in_order.marks)
    else:
        options = _in_order(bare)
    _refuse_pictures(options)
    count, field = len(options.texts), options.field
    if not 2 <= count <= MAX_OPTIONS:
        raise RowProblem("bad_field", f'field "{field}" must be a list of 2 to {MAX_OPTIONS} texts, got {count}')
    if len({fold(text) for text in options.texts}) < count:
        raise RowProblem(
            "bad_field", f'field "{field}" holds the same text twice: {shown(list(options.texts))}; make them differ'
        )
    bare_letters = "".join(match[1] for text in options.texts if (match := _BARE.match(text)))
    if len(bare_letters) == count and "".join(sorted(bare_letters)) == LETTERS[:count]:
        # "A red", "B blue": the letters may belong to the text, so they stay, each in its place.
        if bare_letters != LETTERS[:count]:
            raise _disagreeing(options)
        options = replace(options, fixed=True)
    if any(_misplaced(options, place) for place in range(count)):
        raise _disagreeing(options)
    return options


def _misplaced(options: Options, place: int) -> bool:
    """Whether an option carries the letter of another place. A small letter alone ("m", "b", "a": units) is a text of
    its own, which may be shown where that letter is; unless the order is given.
    """
    text = options.texts[place]
    if not options.fixed and own_letter(text):
        return False
    return letter_in_front(text, len(options.texts)) not in ("", LETTERS[place])


def own_letter(text: str) -> bool:
    """Whether an option is one small letter."""
    return bool(re.fullmatch("[a-z]", text))


def _refuse_pictures(options: Options) -> None:
    """
    Raises:
        RowProblem: an option stands for a picture of its own, or all are names of picture files.
    """
    texts = options.texts
    pictures = [text for text in texts if _PLACEHOLDER.fullmatch(text) or _NUMBERED_PICTURE.search(text)]
    if pictures or (texts and all(map(_PICTURE_FILE.fullmatch, texts))):
        raise RowProblem(
            "bad_field",
            f'field "{options.field}" has a picture as an option, {shown((pictures or texts)[0])}, and a question is '
            "about one picture; write options as texts",
        )


def fold(text: str) -> str:
    """The form in which options are compared: without case, outer space, and a stop at the end."""
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
    text = text_of(text, field)
    if text[:1] in "[{(":
        for parse in (json.loads, ast.literal_eval):
            try:
                value = parse(text)
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
            if isinstance(value, (list, tuple)):
                # Python joins adjacent texts ("['a' 'b']", as numpy prints them): two options would become one.
                if parse is ast.literal_eval and re.search(r"""['"]\s+['"]""", text):
                    break
                return _read(list(value), field)
            if isinstance(value, dict):
                return _read(value, field)
    printed = take_apart(f":\n{text}", field)
    if printed.options and printed.question == ":":
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


def option_columns(names: Iterable[str]) -> list[list[str]]:
    """Groups of names that are those of options in columns of their own: A, B, C, D; option_a; choice1."""
    found: dict[str, list[str]] = {}
    for name in names:
        match = _COLUMN.fullmatch(re.sub(r"[\s-]+", "_", name.strip().lower()))
        if match:
            found.setdefault(name[: len(name) - len(match[1] or match[2])], []).append(name)
    return [group for prefix, group in found.items() if _begin({name[len(prefix) :].upper() for name in group})]


def _begin(marks: Set[object]) -> bool:
    return {"A", "B"} <= marks or {"1", "2"} <= marks or {"0", "1"} <= marks


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
        if _begin(marks):
            if all(missing(value) for _, value in pairs):
                continue
            return checked(_marked(pairs, f"{prefix}{'A' if 'A' in marks else '1'}..."))
    return None


def _marked(pairs: Sequence[tuple[object, object]], field: str) -> Options:
    """Options that the row marks by letters or numbers."""
    kept = [(_MARK.sub("", str(mark)).strip(" ().").upper(), value) for mark, value in pairs if not missing(value)]
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
    for take in (take_letter, _take_number, _as_letter):
        taken = [pair for text in options.texts if (pair := take(text))]
        marks = tuple(mark for mark, _ in taken)
        if marks and len(marks) == len(options.texts) and sorted(marks, key=_rank) == _expected(marks):
            return replace(options, texts=tuple(text for _, text in taken), marks=marks)
    if any(_misplaced(options, place) for place in range(len(options.texts))):
        raise _disagreeing(options)
    return options


def _take_number(text: str) -> tuple[str, str] | None:
    match = _NUMBERED.fullmatch(text.strip())
    return (str(int(match[1] or match[2])), match[3]) if match else None


def _as_letter(text: str) -> tuple[str, str] | None:
    """An option that is a letter itself, as its own mark."""
    letter = lone_letter(text)
    return (letter, text) if letter else None


def _disagreeing(options: Options) -> RowProblem:
    return RowProblem(
        "bad_field",
        f'field "{options.field}" has options whose letters are not those of their places: '
        f"{shown(list(options.written))}; take the letters away, or write out options that are "
        "letters themselves",
    )


def _rank(mark: str) -> int:
    return int(mark) if mark.isdigit() else LETTERS.index(mark)


def _expected(marks: Sequence[str]) -> list[str]:
    """The expected marks of this many options: A, B, C; or numbers from 0 or 1."""
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
    return replace(options, texts=texts, marks=marks, written=written, moved=places != sorted(places))
