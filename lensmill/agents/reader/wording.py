"""Several true ways to say the same thing, chosen by the task, so that rows of one chart do not read alike."""

import hashlib
from collections.abc import Sequence

from lensmill.agents.protocol import Task

_FIGURE = (
    "The print is too small to read in this view. I zoom in on {where}.",
    "At this size I cannot read enough of the numbers and labels. I look closer at {where}.",
    "I need to read {where}, and the print is too small here. I zoom in there.",
    "Too little of the print can be read here. A closer look at {where} should help.",
    "I cannot answer from this view, its print is tiny. I enlarge {where}.",
)
_WORDS = (
    "The question is about {where}. I find the place, but I cannot read all that I need there. I look closer.",
    "I can make out {where}, which the question names, and not yet what I need beside it. I zoom in there.",
    "The place to look at is {where}. I zoom in to read it.",
    "To read what stands at {where} I need a closer look.",
    "The question names {where}. I enlarge that place to read it.",
)
_EVIDENCE = (
    "The answer should stand at {where}, but I cannot read that print surely. I look closer.",
    "The print at {where} is not clear enough. I zoom in to read it.",
    "Before I answer I want to read {where} from close.",
    "What I need is at {where}, and I cannot be sure of it here. I enlarge it.",
    "The question comes down to {where}. I zoom in to be certain of it.",
)
_AXIS = (
    "What I have read so far does not give the answer. I look at the labels along the axis.",
    "I do not have the answer yet. I look along the axis at its labels.",
    "Before I give up I read the labels along the axis from close.",
)
_SMALL = (
    "What I have read so far does not give the answer. There is small print near {where}; I look there.",
    "The answer may stand near {where}, in print that I cannot read yet. I zoom in.",
    "I cannot read the small print beside {where}. I look closer.",
)
_MARK = (
    "The answer rests on {names}. I {verb} to be sure that I read the right place.",
    "I need {names}. To keep to the right place, I {verb}.",
    "What counts is {names}. I {verb} so that I do not slip into another one.",
    "The question comes down to {names}, so I {verb}.",
    "Now I have to read {names}. I {verb} first.",
)
_AT_ONCE = (
    "",
    "The print is large enough to read here. ",
    "This view shows it clearly. ",
    "I can read it without a closer look. ",
    "No zoom is needed: the labels are legible. ",
)
_LOOKED = (
    "",
    "From close I can read it. ",
    "Now the print is clear. ",
    "The crop shows it. ",
    "Enlarged, it is legible. ",
)
_MARKED = (
    "",
    "With the place marked I read on. ",
    "The marked part is the right one. ",
    "The mark is in the right place. ",
)
_SO = ("", "", " So the answer is {answer}.", " I answer {answer}.", " My answer is {answer}.", " Answer: {answer}.")

_ALL = {
    "figure": _FIGURE,
    "words": _WORDS,
    "evidence": _EVIDENCE,
    "axis": _AXIS,
    "small": _SMALL,
    "mark": _MARK,
    "at once": _AT_ONCE,
    "looked": _LOOKED,
    "marked": _MARKED,
    "so": _SO,
}


def manner(task: Task, of: str, ways: int) -> int:
    """A number from 0 to below `ways`; the same for the same task and purpose."""
    content = "\x1f".join((task.question, str(task.rung), str(task.seed), of))
    return int.from_bytes(hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()[:8]) % ways


def say(task: Task, of: str, turn: int = 0, **values: str) -> str:
    """One of the ways to say something.

    Args:
        of: what is said, e.g. "figure".
        turn: of the episode, so that the same thing is said differently the second time.
        values: what the sentence names.
    """
    ways = _ALL[of]
    return ways[(manner(task, of, len(ways)) + turn) % len(ways)].format(**values)


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them, quoted; the first five of many."""
    shown = [f'"{name}"' for name in names[:5]]
    if len(names) > 5:
        return ", ".join(shown) + f" and {len(names) - 5} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
