"""Options that are printed in a question's own text: on their own lines, or one after the other in one line."""

import re
from dataclasses import dataclass
from itertools import pairwise

from storage.sources.option_letters import LETTERS, take_letter
from storage.sources.rows import RowProblem

_INLINE = (
    re.compile(r"[(\[]([A-Za-z])[)\]][.:]?\s*"),
    re.compile(r"(?<![\w.(])(?:([A-Z])(?:\s?[.):](?=\s)|[、．：）])|([a-z])[.)](?=\s))\s*"),
)
"""Marks in brackets, and marks followed by a stop or bracket."""

_INSTRUCTION = re.compile(
    r"answer with the (?:option|letter)|answer the question using"
    r"|(?:letter|option)s? (?:of|from) the (?:given|correct|right)"
    r"|(?:select|choose|pick) (?:the|one|an?) .{0,200}(?:answer|option|choice|letter)"
    r"|(?:provide|give|state|write|respond with) the (?:correct |right )?(?:option|choice)'?s? letter"
    r"|(?:only|just) (?:with )?the (?:option'?s? )?letter"
    r"|the (?:best|correct|right) answer is:?$|^\s*+(?:options?|choices?|answers?)\s*+:?\s*+$",
    re.IGNORECASE,
)
_PHRASE = re.compile(r"(?:and|or|nor|only|alone|to|through|is|are|was|were|has|have)\b", re.IGNORECASE)
"""Texts after a letter that names a thing in the picture: "point (A) is left of (B)"."""

_AND = re.compile(r"(?:(?<=\s)|(?<=,))(?:and|or)$", re.IGNORECASE)
"""Texts between two options of a line: "A. red, B. blue, or C. green"."""

_HEADING = re.compile(r"\b(?:answer (?:choices|options)|options?|choices?|answers?) ?[:：]?$", re.IGNORECASE)
_ENDS = ("?", ":", ".", "!", "？", "：", "。")


@dataclass(frozen=True, slots=True)
class Printed:
    """The parts of a text: the question without options and instruction, and the options as printed, from A on."""

    question: str
    options: tuple[str, ...]


def take_apart(text: str, field: str) -> Printed:
    """The question in a text, and its printed options; no options unless two are printed for sure.

    Raises:
        RowProblem: a letter of the options comes twice or is left out, or an option may hold others.
    """
    lines = text.splitlines()
    found = _on_lines(lines, field) or _in_columns("\n".join(lines), field) or Printed("\n".join(lines), ())
    if any(_holds(option, LETTERS[len(found.options) % len(LETTERS)]) for option in found.options):
        raise _unclear(field)
    kept = [line for line in found.question.splitlines() if "?" in line or not _INSTRUCTION.search(line)]
    return Printed("\n".join(kept).strip() or found.question.strip(), found.options)


def _on_lines(lines: list[str], field: str) -> Printed | None:
    """Options on their own lines; None without any, or if a line has several."""
    marked = {number: taken for number, line in enumerate(lines) if (taken := take_letter(line))}
    letters = "".join(letter for letter, _ in marked.values())
    if len(letters) < 2 or letters[0] != "A":
        return None
    if any(_holds(option, LETTERS[(LETTERS.index(letter) + 1) % len(LETTERS)]) for letter, option in marked.values()):
        columns = _in_columns("\n".join(lines), field)
        if columns is None:
            raise _unclear(field)
        return columns
    if letters != LETTERS[: len(letters)]:
        raise RowProblem(
            "bad_field", f'field "{field}" prints options {", ".join(letters)[:80]}; letter them A, B, C and so on'
        )
    first, last = min(marked), max(marked)
    options: list[str] = []
    for number in range(first, last + 1):
        if number in marked:
            options.append(marked[number][1])
        elif lines[number].strip():
            options[-1] += " " + lines[number].strip()  # an option may run over several lines
    after = _after(lines, last + 1)
    options[-1] = " ".join([options[-1], *(line.strip() for line in lines[last + 1 : after])])
    before = "\n".join(lines[:first]).rstrip()
    return Printed("\n".join([_without_heading(before), *lines[after:]]), tuple(options))


def _after(lines: list[str], number: int) -> int:
    """The first line, from this number on, that does not continue an option: a line without indentation."""
    while number < len(lines) and lines[number][:1].isspace() and lines[number].strip():
        number += 1
    return number


def _holds(option: str, letter: str) -> bool:
    """Whether an option contains the mark of another option on the same line."""
    either = f"[{letter}{letter.lower()}]"
    close = (
        rf"{letter} ?[.:)](?!\S)|{letter}[.:)、．：）](?=[^\x00-\x7f]|[A-Za-z0-9][a-z0-9])|{letter.lower()}[.)](?!\S)"
    )
    return bool(re.search(rf"(?<!\S)(?:[(\[]{either}[)\]]|{close})", option))


def _unclear(field: str) -> RowProblem:
    return RowProblem(
        "bad_field", f'field "{field}" prints several options in a line, not surely one by one; give each a line'
    )


def _in_columns(text: str, field: str) -> Printed | None:
    """Options one after the other, in one line or several, where nothing else can be meant: from A on, after a question
    that has come to its end.

    Raises:
        RowProblem: one line has such options, and lines below it begin with marks that do not go on with them.
    """
    for pattern in _INLINE:
        marks = list(pattern.finditer(text))
        opening = [
            mark.start() for mark in marks if not text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()].strip()
        ]
        for place, mark in enumerate(marks):
            if _letter(mark).upper() != "A":
                continue
            end_of_line = _line_end(text, mark.start())
            end = _line_end(text, max(opening[-1], mark.start())) if opening else end_of_line
            if found := _apart(text, marks[place : place + len(LETTERS) + 1], end):
                return found
            if end > end_of_line and _apart(text, marks[place : place + len(LETTERS) + 1], end_of_line):
                raise _unclear(field)
    return None


def _apart(text: str, marks: list[re.Match[str]], end: int) -> Printed | None:
    """The text without the options of these marks up to its place `end`; None if those are not options."""
    marks = [mark for mark in marks if mark.start() < end]
    letters = "".join(map(_letter, marks))
    if len(marks) < 2 or letters not in (LETTERS[: len(letters)], LETTERS[: len(letters)].lower()):
        return None
    before = text[: marks[0].start()].rstrip(" \t")
    asks = _without_heading(before)
    if not (before.rstrip().endswith(_ENDS) or asks.rstrip().endswith(_ENDS) or (asks.endswith("\n") and asks.strip())):
        return None
    below = text[end + 1 :].split("\n") if end < len(text) else []
    more = _after(below, 0)
    parts = [text[mark.end() : after.start()] for mark, after in pairwise(marks)]
    parts.append("\n".join([text[marks[-1].end() : end], *below[:more]]))
    last = len(parts) - 1
    options = tuple(
        _AND.sub("" if place < last else r"\g<0>", " ".join(part.split())).rstrip(",;| ")
        for place, part in enumerate(parts)
    )
    if options[-1].endswith("?") or any(not option or _PHRASE.match(option) for option in options):
        return None
    return Printed("\n".join([asks, *below[more:]]), options)


def _without_heading(before: str) -> str:
    """The text before the options, without a heading ("Options:"). A heading at the end of a sentence belongs to the
    sentence."""
    heading = _HEADING.search(before)
    rest = before[: heading.start()].rstrip(" \t") if heading else before
    return rest if not rest or rest.endswith(("\n", *_ENDS)) else before


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return end if end >= 0 else len(text)


def _letter(mark: re.Match[str]) -> str:
    return str(mark[mark.lastindex or 1])
