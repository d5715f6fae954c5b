"""Final answers as models write them: in JSON, boxed, twice."""

import re
from collections.abc import Sequence

from lensmill.agents.replies.loose_json import Unreadable, read_values
from lensmill.judging.text import canonical
from lensmill.tools.errors import shown

UNKNOWN = "cannot be determined"
"""The protocols' words for abstaining; only these abstain, everything else is an answer for the judge."""

_BOXED = re.compile(r"\$?\\(?:boxed|text)\{([^{}]{1,400})\}\$?")
_ABBREVIATED = re.compile(r"(?:[^\W\d]\.)+|.*\b(?:etc|Inc|Ltd|Co|Jr|Sr|St|No|vs)\.", re.IGNORECASE)


def one_answer(answers: Sequence[str]) -> tuple[str | None, str]:
    """The one answer of a reply, or None and what to fix (nothing where it gave none).

    The same answer given several times is one. Of different ones none is taken: which was meant can't be told.
    """
    given = {canonical(answer): answer for answer in reversed([unwrapped_answer(a) for a in answers]) if answer}
    if len(given) == 1:
        return next(iter(given.values())), ""
    if len(given) > 1:
        listed = ", ".join(repr(shown(answer, 40)) for answer in list(given.values())[::-1][:4])
        return None, f"Your reply gives {len(given)} different answers ({listed}). Give one answer only."
    return None, "Your answer is empty. Write it out, or write: " + UNKNOWN if answers else ""


def unwrapped_answer(text: str) -> str:
    """An answer without what is around it: quotes, bold, \\boxed{}, {"answer": ...}."""
    text = text.strip()
    if text.startswith("{") and len(text) < 2000:
        text = _from_json(text)
    boxed = _BOXED.fullmatch(text)
    text = boxed[1] if boxed else text
    for mark in ("**", "`", '"', "“"):
        end = "”" if mark == "“" else mark
        inside = text[len(mark) : -len(end)]
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(end) and end not in inside:
            text = inside
    return text.strip()


def without_stop(text: str) -> str:
    """An answer without the full stop of its sentence; abbreviations keep theirs."""
    text = text.strip()
    for _ in range(9):
        if len(text) > 2 and text.endswith(".") and text[-2].isspace():
            text = text[:-1].rstrip()
    last = text.split()[-1] if text else ""
    if not text.endswith(".") or text.endswith("..") or _ABBREVIATED.fullmatch(last):
        return text
    return text[:-1].rstrip()


def abstains(answer: str, choices: Sequence[str] = ()) -> bool:
    """Is this the protocols' way to say that the picture does not show it? An option of that wording is an answer."""
    said = canonical(answer)
    return said == UNKNOWN and said not in [canonical(choice) for choice in choices]


def _from_json(text: str) -> str:
    try:
        found = read_values(text)
    except Unreadable:
        return text
    if len(found) == 1 and isinstance(found[0].value, dict) and len(found[0].value) == 1:
        ((key, value),) = found[0].value.items()
        if key.lower().replace(" ", "_") in ("answer", "final_answer") and isinstance(value, str | int | float):
            return str(value)
    return text
