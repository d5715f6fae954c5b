"""A multiple-choice row: its question, its right answer, and its options in an order that reveals nothing."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from storage.sources.option_fields import Options, checked, fold, missing, named, options_of, own_letter
from storage.sources.option_letters import LETTERS, letter_in_front
from storage.sources.printed_options import Printed, take_apart
from storage.sources.right_option import ANSWERS, FROM_ZERO, Indices, right_option
from storage.sources.rows import RowProblem, answers_of, require, shown, text_of

QUESTIONS = ("question", "text", "query")

_NUMBERED = [re.compile(rf"(?<!\S)\(?{number}[.):]\s") for number in (1, 2)]
_NUMBER = re.compile(r"\(?[0-9]{1,2}[.)]?")

_GROUP = r"(?:all|none|any|both|either|neither|some|each|one|two|three|four|most|several|more than one|not|only)"
_OTHERS = (
    r"(?:above|below|preceding|previous|foregoing|following|these|those|them|others?|rest|options?|choices?|answers?)"
)
_ORDINAL = r"(?:first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th|last|former|latter)"
_JOINED = r"\s*+(?:and|or|nor|to|through|plus|und|et|y|&|,|/|\+|-|–)\s*+(?:(?:and|or)\s*+)?"
_SPEAKS_OF_OTHERS = re.compile(
    rf"\b{_GROUP}(?:\s+(?:one|two|three|of|the|are|is|apply|listed|correct)){{0,4}}\s+{_OTHERS}\b"
    r"|^(?:none|all|any|others?|another(?: one)?|the (?:others?|rest|above)|ditto|(?:as|see) above)$"
    r"|^(?:both|neither|either)\b|\b(?:former|latter)\b|\bsame as\b"
    r"|\b(?:all|none|neither|both|any|no)\b.{0,20}\b(?:correct|right|true|false|wrong|apply|listed|mentioned|given)\b"
    r"|\b(?:other|another|different) (?:option|choice|answer)s?\b|\b(?:something|anything|everything|none) else\b"
    r"|\b(?:everything|nothing|anything) (?:above|below|listed)\b|\b(?:listed|mentioned) above\b"
    rf"|\b{_ORDINAL}\s+(?:one|two|three|option|choice|answer|statement)s?\b|^(?:only\s+)?(?:the\s+)?{_ORDINAL}$"
    rf"|\b{_ORDINAL}\s+(?:and|or)\s+(?:the\s+)?{_ORDINAL}\b"
    r"|\bof the (?:above|below|foregoing)\b|\b(?:options?|choices?|answers?|statements?)\s*\(?[A-Z0-9]\b"
    rf"|\b[0-9]{_JOINED}[0-9]\b|^\(?[a-j]\)?{_JOINED}\(?[a-j]\b"
    r"|^(?:only\s+)?\(?[ivx]+\)?(?:\s*+(?:and|or|&|,|only)\s*+\(?[ivx]*+\)?)+$"
    r"|^\(?(?:[ivx]+|\d{1,2})[.):]\s|^[①-⑳]"
    r"|以上|上述|都是|都不是|都对|皆是|皆非|ci-dessus|anteriores|precedenti|oben genannte|^keine? de[rs]|^alle de[rs]",
    re.IGNORECASE,
)
_LETTERS_OF_OTHERS = (
    rf"(?<![\w'’.])\(?[{{0}}]\)?{_JOINED}\(?[{{0}}]\)?(?![\w'’])|\((?i:[{{0}}])\)"
    r"|\b(?i:both|only|neither|either|not|all but|except|just)\s+\(?[{0}]\b(?!\s+[a-z])"
    r"|(?<![\w'’.])[{0}]\s+(?:only|alone|is|are)\b|^[{0}]{{2,4}}$"
)
"""A text that names other options by their letters; {0} is the range of letters. "A red car" is no such text."""


def asked(
    row: Mapping[str, object], image_id: str, indices: Indices = FROM_ZERO
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """(question, accepted answers, options as shown) of a row.

    Options come from the row's own fields (`storage.sources.option_fields`) or from what its question prints. The order
    of a list follows from its own content, since V* writes the right one first. Options keep the order in which they
    stand if that says something: printed, in columns, or some speak of others ("Both A and B"). Letters in front of
    them are taken away: a place has the letter. A row without options is an open question.

    Raises:
        RowProblem: question, options or answer missing, not consistent with each other, or to be read in several ways.
    """
    question, printed = _question(row)
    options = _one_list(options_of(row), printed)
    if options is None:
        keys = [key for key in named(row, ANSWERS) if not missing(row[key])]
        field = keys[0] if keys else "label"
        answers = answers_of(require(row, field), field)
        if all(mark.search(question) for mark in _NUMBERED) and any(map(_NUMBER.fullmatch, answers)):
            raise RowProblem(
                "bad_field",
                f'field "{field}" is a number, {shown(answers[0])}, beside a numbered list that the question '
                'prints; write a list "options", and the answer as text',
            )
        return question, answers, ()
    right = options.texts[right_option(row, options, indices)]
    keep = options.fixed or _order_matters(options.texts, question)
    texts = options.texts if keep else _shuffled(options.texts, question, image_id)
    return question, (right,), texts if options.fixed else _letters_in_place(texts, options.field)


def options_to_choose(row: Mapping[str, object]) -> Options | None:
    """The options of a row, from its fields or from its question; None if there are none or they cannot be read."""
    try:
        return _one_list(options_of(row), _question(row)[1])
    except RowProblem:
        return None


def _question(row: Mapping[str, object]) -> tuple[str, Options | None]:
    """The question without its printed options, and these options: of the first field with a question or with
    options."""
    keys = [key for key in named(row, QUESTIONS) if row[key] is not None]
    if not keys:
        require(row, "question")
    read: dict[str, Printed] = {key: take_apart(text_of(row[key], key), key) for key in keys}
    printing = next((key for key in keys if read[key].options), None)
    asking = text_of(row[keys[0]], keys[0])
    if read[keys[0]].options or keys[0].lower() != "question":
        asking = text_of(read[keys[0]].question, keys[0])
    if printing is None:
        return asking, None
    texts = read[printing].options
    return asking, checked(Options(texts, tuple(LETTERS[: len(texts)]), texts, printing, fixed=True))


def _one_list(own: Options | None, printed: Options | None) -> Options | None:
    """The row's options, if both its fields and its question have them. The letters are the printed ones."""
    if own is None or printed is None:
        return own or printed
    if {fold(text) for text in own.texts} != {fold(text) for text in printed.texts}:
        raise RowProblem(
            "bad_field", f'field "{own.field}" has other options than "{printed.field}" prints; make them agree'
        )
    if own.marks and [fold(text) for text in own.texts] != [fold(text) for text in printed.texts]:
        raise RowProblem(
            "bad_field", f'field "{own.field}" gives the options other letters than "{printed.field}"; make them agree'
        )
    moved = [fold(text) for text in own.texts] != [fold(text) for text in printed.texts]
    return replace(printed, moved=moved, numbers=own.numbers, listed=own.texts if moved else ())


def _order_matters(texts: tuple[str, ...], question: str) -> bool:
    """Whether options, or the question, refer to an option by its place or letter."""
    letters = re.compile(_LETTERS_OF_OTHERS.format(f"A-{LETTERS[len(texts) - 1]}"))
    return (
        any(_SPEAKS_OF_OTHERS.search(text.strip(" .")) or letters.search(text) for text in texts)
        or any(letter_in_front(text, len(texts)) for text in texts if not own_letter(text))
        or bool(re.search(rf"\([A-{LETTERS[len(texts) - 1]}]\)|\b(?:option|choice|answer) [A-Z]\b", question))
        or bool(re.search(rf"\b{_ORDINAL} (?:option|choice|answer)\b", question))
    )


def _letters_in_place(texts: tuple[str, ...], field: str) -> tuple[str, ...]:
    """The options with small letters ("a" among units) in the places of these letters, so that "a" is one option only.

    Raises:
        RowProblem: the order of the other options says something.
    """
    own = {text.upper(): text for text in texts if own_letter(text) and letter_in_front(text, len(texts))}
    if all(texts[LETTERS.index(letter)] == text for letter, text in own.items()):
        return texts
    others = [text for text in texts if text not in own.values()]
    if _order_matters(tuple(others), ""):
        raise RowProblem(
            "bad_field",
            f'field "{field}" has options that are letters of other places: {shown(list(texts))}; reword them',
        )
    rest = iter(others)
    return tuple(own[letter] if letter in own else next(rest) for letter in LETTERS[: len(texts)])


def _shuffled(options: tuple[str, ...], question: str, image_id: str) -> tuple[str, ...]:
    """An order that depends on the content alone, not on the order in the row."""
    return tuple(sorted(options, key=lambda option: _digest(image_id, question, option)))


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
