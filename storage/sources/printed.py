"""Options that are printed in a question's own text: on lines of their own, or one after the other in one line."""

import re
from dataclasses import dataclass

from storage.sources.letters import LETTERS, take_letter
from storage.sources.rows import RowProblem

_INLINE = {
    "(": re.compile(r"\(([A-Za-z])\)[.:]?\s*"),
    ".": re.compile(r"(?<![\w.(])([A-Z])\s?[.):](?=\s)\s*"),
}
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
"""How a text goes on after a letter that stands for a thing in the picture: "point (A) is left of (B)"."""

_HEADING = re.compile(r"(?:^|[\s.?!])(?:options?|choices?|answer choices)\s*+:?\s*+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Printed:
    """A text taken apart: the question without options and instruction, and the options as printed, from A on."""

    question: str
    options: tuple[str, ...]


def take_apart(text: str, field: str) -> Printed:
    """The question that a text asks and the options that it prints; no options where fewer than two are surely printed.

    Raises:
        RowProblem: a letter of the options comes twice, or is left out.
    """
    lines = text.splitlines()
    found = _on_lines(lines, field)
    if not found.options:
        found = _in_a_line(lines)
    kept = [line for line in found.question.splitlines() if "?" in line or not _INSTRUCTION.search(line)]
    return Printed("\n".join(kept).strip() or found.question.strip(), found.options)


def _on_lines(lines: list[str], field: str) -> Printed:
    marked = {number: taken for number, line in enumerate(lines) if (taken := take_letter(line))}
    letters = "".join(letter for letter, _ in marked.values())
    if len(letters) < 2 or letters[0] != "A" or any(_next_inline(option) for _, option in marked.values()):
        return Printed("\n".join(lines), ())
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
    after = last + 1
    while after < len(lines) and lines[after][:1].isspace() and lines[after].strip():
        options[-1] += " " + lines[after].strip()
        after += 1
    return Printed("\n".join([*lines[:first], *lines[after:]]), tuple(options))


def _next_inline(option: str) -> bool:
    """Whether an option on a line of its own is followed by another in the same line."""
    return bool(re.search(r"(?:^|\s)(?:\([Bb]\)|B[.):]\s)", option))


def _in_a_line(lines: list[str]) -> Printed:
    """Options in one line, where nothing else can be meant: from A on, after a question that has come to its end."""
    for number, line in enumerate(lines):
        for pattern in _INLINE.values():
            marks = _run(list(pattern.finditer(line)))
            if len(marks) < 2:
                continue
            head = line[: marks[0].start()].rstrip()
            before = "\n".join([*lines[:number], head]).strip()
            if not before.endswith(("?", ":", ".", "!", "？", "：", "。")) and not (not head and before):
                continue
            ends = [mark.start() for mark in marks[1:]] + [len(line)]
            options = [
                line[mark.end() : end].strip().rstrip(",;").rstrip() for mark, end in zip(marks, ends, strict=True)
            ]
            if options[-1].endswith("?") or any(not option or _PHRASE.match(option) for option in options):
                continue
            question = _HEADING.sub(lambda found: found[0][:1].strip(), head)
            return Printed("\n".join([*lines[:number], question, *lines[number + 1 :]]), tuple(options))
    return Printed("\n".join(lines), ())


def _run(marks: list[re.Match[str]]) -> list[re.Match[str]]:
    """The marks if they are A, B, C and so on, each once; else none."""
    return marks if "".join(mark[1] for mark in marks).upper() == LETTERS[: len(marks)] else []
