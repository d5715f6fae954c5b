"""The right option of a row: by letter, text or index, or by several of those that agree; never by a guess."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from storage.sources.option_fields import Options, fold, missing, named, plain
from storage.sources.option_letters import LETTERS
from storage.sources.rows import RowProblem, answer_of, shown

ANSWERS = (
    *("answer", "label", "answers", "correct_answer", "ground_truth", "gt_answer", "gt", "answer_key", "answer_letter"),
    *("answer_option", "correct_option", "correct_choice", "target_answer", "correct_letter", "correct_label"),
    *("correct_answer_letter", "correct_option_letter", "gold", "gold_answer", "gold_label", "right_answer"),
    *("final_answer", "reference_answer", "standard_answer", "true_answer", "answer_text", "correct_answer_text"),
)
INDICES = (
    *("answer_index", "answer_idx", "correct_index", "correct_idx", "correct_choice_idx", "correct_choice_index"),
    *("correct_option_index", "correct_option_idx", "correct_answer_index", "correct_answer_idx", "gold_index"),
    *("gold_idx", "label_index", "label_idx", "gt_index", "gt_idx", "cop"),
)
"""Fields that name the right option, by the names that `named` finds."""

ASIDE = (
    *("image", "images", "image_path", "image_file", "image_name", "image_id", "image_url", "image_size", "picture"),
    *("file_name", "width", "height", "image_width", "image_height", "question", "text", "query", "options"),
    *("bbox", "bboxes", "target_object", "target_objects", "category", "sub_category", "test_type", "type"),
    *("question_type", "task", "sub_task", "id", "question_id", "qid", "sample_id", "uid", "split", "subset"),
    *("dataset", "source", "data_source", "license", "licence", "language", "level", "difficulty"),
)
"""Fields that do not name the right option: those of V*, and notes of datasets about a row."""

_LETTER = re.compile(r"(?:option|choice|answer)?[\s_]*+[(\[]?\s*+([A-Za-z])\s*+[)\]]?\s*+[.:)]?", re.IGNORECASE)
_LETTER_AND_TEXT = re.compile(r"(?:\(\s*+([A-Za-z])\s*+\)\s*+[.:]?|([A-Za-z])\s*+[).:、．,-])\s*+(\S.*)", re.DOTALL)
_COUNT_FROM = "say whether indices count from 0 or from 1 with source.first_index=0 or 1"


@dataclass(frozen=True, slots=True)
class Indices:
    """How the indices in a file's rows count.

    Attributes:
        first: the index of the first option, 0 as is usual in JSON and Parquet; None where the rows speak against it.
        texts: whether texts of digits are indices too, of which `first` is known.
        digits: whether some row's text of digits is an index, though it may be unknown how those count.
        numbers: whether some row's number is an index beyond doubt, though its options are texts.
        numbered: what the index of the first option may be where the options themselves are numbered from 1.
    """

    first: int | None = 0
    texts: bool = False
    digits: bool = False
    numbers: bool = False
    numbered: tuple[int, ...] = (0, 1)


_KNOWN = frozenset(map(plain, ASIDE))

FROM_ZERO = Indices()
"""The indices of rows without other rows beside them."""


def fixed_at(first: int) -> Indices:
    """Indices that count from a number that a setting names."""
    return Indices(first, texts=True, digits=True, numbers=True, numbered=(first,))


def indices_of(rows: Iterable[tuple[Options, Mapping[str, object]]]) -> Indices:
    """How a file's rows count their indices: only rows that count from 0 have a 0, only rows that count from 1 have an
    n."""
    seen: Counter[tuple[type, str]] = Counter()
    numbered: set[int] = set()
    digits = numbers = False
    for options, row in rows:
        for key, value in _said(row):
            index, count = _index(value), len(options.texts)
            if index is None or options.numbers or fold(str(value)) in map(fold, options.texts):
                continue
            end = {0: "zero", count: "last"}.get(index, "")
            if _from_one(options):
                numbered |= {0} if end == "zero" else {1} if end == "last" else set()
            elif not options.marks and 0 <= index <= count:
                kind = str if isinstance(value, str) else int
                seen[kind, end] += 1
                if named({key: None}, ANSWERS):
                    digits = digits or kind is str
                    numbers = numbers or (kind is int and bool(end))
    ends, zeros = seen[int, "last"], seen[int, "zero"]
    return Indices(
        None if ends and ends >= zeros else 0,
        texts=seen[str, "zero"] > seen[str, "last"],
        digits=digits,
        numbers=numbers,
        numbered=tuple(sorted(numbered)) if len(numbered) == 1 else (0, 1),
    )


def _said(row: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Each value of each field that names the right option."""
    for key in named(row, ANSWERS + INDICES):
        value = row[key]
        yield from ((key, one) for one in (value if isinstance(value, list) else [value]))


def right_option(row: Mapping[str, object], options: Options, indices: Indices) -> int:
    """The place of the right option in `options.texts`.

    Where no field says or may say which is right, V* means the first of `options`.

    Raises:
        RowProblem: no field names an option, or fields name several, or one may mean several.
    """
    keys = named(row, ANSWERS + INDICES)
    given = [key for key in keys if not missing(row[key]) and row[key] != []]
    if not given:
        if keys or options.field.lower() != "options" or options.fixed:
            lacking = f'field "{keys[0]}" is empty' if keys else 'the row has no "answer" and no "label"'
            raise RowProblem("missing_field", f"{lacking}, though there are options; say which is right")
        unknown = [key for key in row if plain(key) not in _KNOWN]
        if unknown:
            raise RowProblem(
                "missing_field",
                f'the row has no "answer", and {shown(unknown[0])} may say which option is right; rename that to '
                '"answer" if it does, or take it away',
            )
        return 0
    problem: RowProblem | None = None
    places: dict[int, str] = {}
    for key in given:
        try:
            places.setdefault(_named_by(row[key], key, options, indices), key)
        except RowProblem as caught:
            # A second field may mean something else ("label": a class), unless its name says that it is an index.
            if key == given[0] or named({key: None}, INDICES):
                problem = problem or caught
    if problem:
        raise problem
    if len(places) > 1:
        fields = " and ".join(f'"{key}"' for key in places.values())
        raise RowProblem("bad_field", f"fields {fields} name different options; make them agree")
    return next(iter(places))


def _named_by(value: object, key: str, options: Options, indices: Indices) -> int:
    if isinstance(value, list):
        places = {_named_by(one, key, options, indices) for one in value}
        if len(places) > 1:
            raise RowProblem("bad_field", f'field "{key}" names several options: {shown(value)}; one must be right')
        return places.pop()
    if isinstance(value, str) and value.strip()[:1] == "[" and fold(value) not in map(fold, options.texts):
        raise RowProblem("bad_field", f'field "{key}" is a list in a text: {shown(value)}; write it as a list')
    index = _index(value)
    if index is not None and named({key: None}, INDICES):
        found = set(_by_index(index, key, options, indices))
    else:
        found = set(_by_text(value, key, options))
        if isinstance(value, str):
            found |= set(_by_letter(value, options, found))
        if index is not None:
            found |= _counted(index, value, key, options, indices, bool(found))
    if len(found) > 1:
        raise RowProblem(
            "bad_field", f'field "{key}" may mean several of the options: {shown(value)}; write the option\'s text'
        )
    if not found:
        raise RowProblem("bad_field", f'field "{key}" names none of the options: {shown(value)}; make them agree')
    return found.pop()


def _counted(index: int, value: object, key: str, options: Options, indices: Indices, told: bool) -> set[int]:
    """The options that a number, or a text of digits, may mean by counting; `told`: it is the text of one already."""
    if options.numbers:
        return _at_any(index, options) if told and indices.numbers and not isinstance(value, str) else set()
    if not isinstance(value, str) or indices.texts:
        return set(_by_index(index, key, options, indices, as_text=isinstance(value, str)))
    if told:  # options of digits: where other rows have indices, this may be one
        return _at_any(index, options) if indices.digits else set()
    if not _has_numbers(options):
        raise _uncounted(key, value)
    return set(_by_index(index, key, options, indices, as_text=True))


def _at_any(index: int, options: Options) -> set[int]:
    """The options of an index, for every possible first index."""
    return {index - first for first in (0, 1) if 0 <= index - first < len(options.texts)}


def _has_numbers(options: Options) -> bool:
    return bool(options.marks) and options.marks[0].isdigit()


def _from_one(options: Options) -> bool:
    """Whether the row numbers its options from 1 (columns or a dict: the texts do not show the numbers)."""
    return _has_numbers(options) and options.fixed and options.marks[0] == "1"


def _uncounted(key: str, value: object) -> RowProblem:
    return RowProblem("bad_field", f'field "{key}" is an index, {shown(value)}: {_COUNT_FROM}, or write the letter')


def _by_text(value: object, key: str, options: Options) -> list[int]:
    text = answer_of(value, key)
    for known in (options.texts, options.written):
        for form in (str, fold):
            found = [place for place, option in enumerate(known) if form(option) == form(text)]
            if found:
                return found
    number = _number(text)
    return [place for place, option in enumerate(options.texts) if number is not None and _number(option) == number]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _by_letter(value: object, options: Options, by_text: set[int]) -> list[int]:
    """By a letter alone, or a letter with an option's text; a text that only begins like one is no letter."""
    if not isinstance(value, str):
        return []
    text = value.strip()
    if alone := _LETTER.fullmatch(text):
        # A small letter may be an option of its own ("a" among units); what it says exactly goes before.
        return [] if by_text and not alone[1].isupper() else _at(alone[1], options)
    if (both := _LETTER_AND_TEXT.fullmatch(text)) and not by_text:
        said = [place for place, option in enumerate(options.texts) if fold(option) == fold(both[3])]
        place = _at(both[1] or both[2], options)
        return said if set(said) & set(place) else [*said, *place] if said else []
    return []


def _at(letter: str, options: Options) -> list[int]:
    mark = letter.upper()
    if options.marks and options.marks[0] in LETTERS:
        places = [options.marks.index(mark)] if mark in options.marks else []
        if places and options.listed:  # the letter as printed, or the place in the list
            places.append([fold(text) for text in options.texts].index(fold(options.listed[places[0]])))
        return places
    return [LETTERS.index(mark)] if mark in LETTERS[: len(options.texts)] else []


def _by_index(index: int, key: str, options: Options, indices: Indices, as_text: bool = False) -> list[int]:
    """By the number that the options carry, or else by counting them; both, where the two may be meant."""
    if _from_one(options) and (not as_text or indices.numbered == (0,)):
        return [index - first for first in indices.numbered if 0 <= index - first < len(options.texts)]
    found = [options.marks.index(str(index))] if _has_numbers(options) and str(index) in options.marks else []
    if _has_numbers(options) and (options.fixed or as_text):
        return found
    if options.moved:
        raise RowProblem(
            "bad_field",
            f'field "{key}" is an index, {index}, of options in another order than their letters; write the letter',
        )
    if indices.first is None:
        raise _uncounted(key, index)
    place = index - indices.first
    return [*found, place] if 0 <= place < len(options.texts) else found


def _index(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        return value if abs(value) < 1000 else None
    return int(value) if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,2}\s*", value) else None
