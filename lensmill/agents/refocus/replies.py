"""A reply in ReFocus's protocol: THOUGHT, then an ACTION with one Python block or ANSWER ... FINAL ANSWER."""

import re
from dataclasses import dataclass

from lensmill.agents.refocus.code import FENCE, parses, read_code
from lensmill.agents.replies.final import one_answer, without_stop
from lensmill.agents.replies.plain import before_invented, readable, runs_in_circles, without_entities

NEITHER = (
    "ERROR: your reply has neither an ACTION with a Python block nor a FINAL ANSWER. Write THOUGHT: ..., then either "
    "ACTION: with one ```python block, or ANSWER: ... FINAL ANSWER: ... TERMINATE."
)
CUT = "ERROR: your reply was cut off at its length limit before its end. Be brief."
CIRCLES = "ERROR: your reply repeated itself until it was cut off. Be brief: one short THOUGHT, then ACTION or ANSWER."
NO_FINAL = (
    "ERROR: your reply has an ANSWER but no FINAL ANSWER. End with FINAL ANSWER: and the short answer, TERMINATE."
)

_SPACE = r"[ \t*_#]{0,6}"
_MARK = re.compile(
    rf"(?:^|(?<=[.!?*\s])){_SPACE}(?P<mark>THOUGHT|ACTION|FINAL[ _]ANSWER|ANSWER|OBSERVATION|TERMINATE)"
    rf"(?P<number>{_SPACE}\d{{0,2}}){_SPACE}(?P<colon>[:：]?){_SPACE}",
    re.IGNORECASE | re.MULTILINE,
)
_WORDY = 200
"""Characters: an ANSWER longer than this is an explanation and no final answer."""


@dataclass(frozen=True, slots=True)
class RefocusReply:
    """What a reply meant.

    Attributes:
        code: the Python to run; None where there is none.
        answer: the final answer; where there is code too, one that was given before looking.
        problem: what the model should fix, where there is neither.
    """

    thought: str
    code: str | None = None
    answer: str | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Section:
    mark: str
    text: str


def read_refocus_reply(reply: str, cut: bool = False) -> RefocusReply:
    """A reply of the ReFocus protocol. `cut`: it ended at its token limit."""
    circles = runs_in_circles(reply)
    reasoning, _, text = readable(reply).rpartition("</think>")
    if not text.strip():
        reasoning, text = "", reasoning
    code, said, open_end = _take_code(text)
    sections = _sections(said)
    thought = "\n".join(s.text for s in sections if s.mark in ("", "THOUGHT") and s.text).strip()
    thought = thought or reasoning.replace("<think>", "").strip()
    if code is None:
        code = _unfenced(sections)
    if code is not None and cut and open_end:
        return RefocusReply(thought, problem=CIRCLES if circles else CUT)
    finals = [without_stop(s.text.split("\n\n")[0]) for s in sections if s.mark == "FINAL ANSWER"]
    answer, problem = one_answer([final for final in finals if final not in (".", "")] or finals[:1])
    if not finals and code is None:
        answers = [s.text for s in sections if s.mark == "ANSWER" and s.text]
        if answers and len(answers[-1]) <= _WORDY and "\n" not in answers[-1] and not cut:
            answer, problem = one_answer([without_stop(answers[-1])])
        elif answers:
            problem = CUT if cut else NO_FINAL
        else:
            problem = CIRCLES if circles else CUT if cut else NEITHER
    elif problem:
        problem = f"ERROR: {problem}"
    return RefocusReply(thought, code, answer, "" if code is not None else problem)


def _take_code(text: str) -> tuple[str | None, str, bool]:
    """The code of the first action, the text without it, and whether its fence was left open.

    What follows an observation that the model made up is its imagination; blocks before that belong together.
    """
    first = FENCE.search(text)
    if first is None:
        said, _ = before_invented(text, 1)
        return None, said, False
    known, _ = before_invented(text, first.end())
    later = re.compile(r"^[ \t*#]*THOUGHT", re.IGNORECASE | re.MULTILINE).search(known, first.end())
    reach = later.start() if later else len(known)
    blocks = [match for match in FENCE.finditer(known[:reach]) if match[1].strip()]
    said = FENCE.sub("\n", known[:reach]) + (known[reach:] if not FENCE.search(known, reach) else "")
    if not blocks:
        return None, said, False
    open_end = not blocks[-1].group().rstrip().endswith(("```", "~~~"))
    if open_end and (mark := re.search(r"^[ \t*#]*(?:FINAL[ _])?ANSWER\b", blocks[-1][1], re.MULTILINE)):
        tail = blocks[-1][1]
        codes = dict.fromkeys(read_code(part) for part in (*(m[1] for m in blocks[:-1]), tail[: mark.start()]))
        return "\n".join(codes), f"{said}\n{tail[mark.start() :]}", False
    codes = dict.fromkeys(read_code(match[1]) for match in blocks)  # one block written out again and again is one
    return "\n".join(codes), said, open_end


def _sections(text: str) -> list[_Section]:
    """The text cut at its marks. One without a colon counts where it has capitals or a line of its own."""
    marks = [m for m in _MARK.finditer(text) if m["colon"] or m["mark"].isupper() or _alone(m, text)]
    sections = [_Section("", text[: marks[0].start()].strip() if marks else text.strip())]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=False):
        name = mark["mark"].upper().replace("_", " ")
        sections.append(_Section(name, text[mark.end() : end].strip().strip("*_ ").strip()))
    return sections


def _alone(mark: re.Match[str], text: str) -> bool:
    start, end = mark.start(), mark.end()
    return (start == 0 or text[start - 1] == "\n") and (end == len(text) or text[end] == "\n")


def _unfenced(sections: list[_Section]) -> str | None:
    """Code that stands after ACTION without a fence."""
    for section in sections:
        if section.mark == "ACTION" and re.search(r"(?:\w|(?<=\w)\\)\s?\(", section.text):
            code = read_code(without_entities(re.sub(r"</?code>", "", section.text)))
            if parses(code):
                return code
    return None
