"""The words that every agent uses alike: the question with its options, and how boxes are written."""

from lensmill.agents.protocol import Task
from lensmill.geometry import Convention

_CONVENTIONS = {
    Convention.PIXELS: "in pixels",
    Convention.UNIT: "as fractions of the width and height, from 0 to 1",
    Convention.THOUSAND: "in thousandths of the width and height, from 0 to 1000",
}


def question_text(task: Task) -> str:
    """The question, with its options on lines of their own."""
    lines = [f"Question: {task.question}"]
    lines += [f"({chr(ord('A') + i)}) {choice}" for i, choice in enumerate(task.choices)]
    return "\n".join(lines)


def option_hint(task: Task) -> str:
    """What the instruction to answer adds where there are options."""
    return ", or an option's letter" if task.choices else ""


def convention_words(convention: Convention) -> str:
    """How boxes are written, to follow "boxes are [x1, y1, x2, y2] ..."."""
    return _CONVENTIONS[convention]
