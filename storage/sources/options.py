"""What a V*-style row asks: its question, its right answer, and its options in an order that gives nothing away."""

import hashlib
import re
from collections.abc import Mapping

from storage.sources.rows import MAX_ANSWER, RowProblem, answer_of, answers_of, require, shown, text_of

MAX_OPTIONS = 26
_OPTION_LINE = re.compile(r"^\s*\(?([A-Z])[).:]\s*(.+?)\s*$")
_INSTRUCTION = re.compile(r"answer with the option'?s? letter|answer the question using", re.IGNORECASE)


def asked(row: Mapping[str, object], image_id: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """(question, accepted answers, options as shown) of a row.

    Options come from `options`, or from the lines "(A) ..." of `text`. Those of `options` are put into an order that
    follows from their own content, since V* writes the right one first; those of `text` keep the order they were
    printed in, which the letters of `label` refer to. A row without options is an open question.

    Raises:
        RowProblem: question, options or answer missing, or not consistent with each other.
    """
    printed, letters = _printed(row)
    question = text_of(row["question"], "question") if row.get("question") is not None else printed
    options = _options(row)
    if not options and not letters:
        field = "answer" if row.get("answer") is not None else "label"
        return question, answers_of(require(row, field), field), ()
    if not options:
        right = _right_letter(row, letters)
        return question, (right,), tuple(letters.values())
    right = _right_option(row, options, letters)
    return question, (right,), _shuffled(options, question, image_id)


def _printed(row: Mapping[str, object]) -> tuple[str, dict[str, str]]:
    """The question that `text` prints, without its options and instruction; and the options by letter."""
    if row.get("text") is None:
        if row.get("question") is None:
            require(row, "question")
        return "", {}
    lines = text_of(row["text"], "text").splitlines()
    letters: dict[str, str] = {}
    question = []
    for line in lines:
        match = _OPTION_LINE.match(line)
        if match and match[1] == chr(ord("A") + len(letters)):
            letters[match[1]] = match[2]
        elif not _INSTRUCTION.search(line):
            question.append(line)
    if len(letters) < 2:
        question, letters = [line for line in lines if not _INSTRUCTION.search(line)], {}
    if len(set(letters.values())) < len(letters):
        raise RowProblem("bad_field", 'field "text" prints the same option twice; make the options differ')
    return text_of("\n".join(question), "text"), letters


def _options(row: Mapping[str, object]) -> tuple[str, ...]:
    value = row.get("options")
    if value is None or value == []:
        return ()
    if not isinstance(value, list) or not 2 <= len(value) <= MAX_OPTIONS:
        raise RowProblem("bad_field", f'field "options" must be a list of 2 to {MAX_OPTIONS} texts, got {shown(value)}')
    options = tuple(answer_of(one, f"options[{index}]") for index, one in enumerate(value))
    if len(set(options)) < len(options):
        raise RowProblem("bad_field", f'field "options" holds the same text twice: {shown(value)}; make them differ')
    return options


def _right_option(row: Mapping[str, object], options: tuple[str, ...], letters: Mapping[str, str]) -> str:
    """By `answer`, else by `label` (a letter of `text`, a letter of the list, or an option's text), else the first."""
    if row.get("answer") is not None:
        answer = answers_of(row["answer"], "answer")[0]
        if answer not in options:
            raise RowProblem("bad_field", f'field "answer" is none of the options: {shown(answer)}; make them agree')
        return answer
    if row.get("label") is None:
        return options[0]
    label = answer_of(row["label"], "label")
    if label in options:
        return label
    named = letters.get(label) or dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", options, strict=False)).get(label)
    if named not in options:
        raise RowProblem("bad_field", f'field "label" names none of the options: {shown(label)}; make them agree')
    return named


def _right_letter(row: Mapping[str, object], letters: Mapping[str, str]) -> str:
    label = text_of(require(row, "label"), "label", MAX_ANSWER)
    if label in letters.values():
        return label
    letter = label.strip("(). ").upper()
    if letter not in letters:
        raise RowProblem("bad_field", f'field "label" names none of the options in "text": {shown(label)}')
    return letters[letter]


def _shuffled(options: tuple[str, ...], question: str, image_id: str) -> tuple[str, ...]:
    """An order that depends on the content alone, not on the order in which the options were written."""
    return tuple(sorted(options, key=lambda option: _digest(image_id, question, option)))


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
