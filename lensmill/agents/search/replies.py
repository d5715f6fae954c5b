"""A reply of the search agent: a thought, then calls of its instruments or an answer; and what the instruments say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from lensmill.agents.replies.boxes import BOX_NAMES, Numbers, in_convention, read_boxes
from lensmill.agents.replies.calls import Call, read_calls
from lensmill.agents.replies.final import one_answer
from lensmill.agents.replies.loose_json import Unreadable, read_values
from lensmill.agents.replies.tags import read_tags
from lensmill.agents.zoom.replies import CIRCLES, CUT, NEITHER
from lensmill.geometry import Convention, Frame
from lensmill.tools.errors import shown

Instrument = Literal["locate", "vlm", "adjust_box"]

MAX_CALLS = 4
"""Calls that are run of one reply."""

_TEXTS: Mapping[Instrument, tuple[str, ...]] = {
    "locate": ("object", "target", "label", "name", "query", "description", "0"),
    "vlm": ("question", "query", "prompt", "text", "1"),
    "adjust_box": ("instruction", "instructions", "adjustment", "text", "1"),
}
_ALIASES: Mapping[str, Instrument] = {
    "locate_object": "locate",
    "find": "locate",
    "ground": "locate",
    "ask": "vlm",
    "ask_vlm": "vlm",
    "vqa": "vlm",
    "adjust": "adjust_box",
    "adjust_bbox": "adjust_box",
}


@dataclass(frozen=True, slots=True)
class InstrumentCall:
    """A call as it was meant: `text` is the object, question or instruction, `box` in the agent's convention."""

    name: Instrument
    text: str
    box: Numbers | None = None

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments of the call as the record stores them."""
        named = {_TEXTS[self.name][0]: self.text}
        return named if self.box is None else {"bbox_2d": list(self.box), **named}


@dataclass(frozen=True, slots=True)
class SearchReply:
    """What a reply meant; see ZoomReply for the fields."""

    thought: str
    calls: tuple[InstrumentCall, ...] = ()
    answer: str | None = None
    problem: str = ""


def read_search_reply(reply: str, convention: Convention, view: Frame, cut: bool = False) -> SearchReply:
    """A reply of the search agent. `cut`: it ended at its token limit."""
    tagged = read_tags(reply)
    calls: list[InstrumentCall] = []
    problems: list[str] = []
    for index, text in enumerate(tagged.calls):
        last_open = tagged.open_end and index == len(tagged.calls) - 1
        try:
            calls += [_call(call, convention, view) for call in read_calls(text, cut and last_open)]
        except Unreadable as error:
            problems.append(f"The tool call {shown(' '.join(text.split()), 60)} could not be read: {error}.")
    answer, trouble = one_answer(tagged.answers)
    if cut and tagged.open_end and not tagged.calls:
        answer, trouble = None, ""
    calls = list(dict.fromkeys(calls))
    if trouble and not calls:
        problems.append(trouble)
    if not calls and answer is None and not problems:
        problems.append(CIRCLES if tagged.circles else CUT if cut else NEITHER)
    return SearchReply(tagged.thought, tuple(calls[:MAX_CALLS]), answer, " ".join(dict.fromkeys(problems)))


def _call(call: Call, convention: Convention, view: Frame) -> InstrumentCall:
    name = call.name.lower()
    instrument = next((known for known in get_args(Instrument) if known == name), _ALIASES.get(name))
    if instrument is None:
        raise Unreadable(f"there is no tool {shown(call.name, 40)!r}; the tools are {', '.join(get_args(Instrument))}")
    given = {key.replace("-", "_").lower(): value for key, value in call.arguments.items()}
    text = next((given[key] for key in _TEXTS[instrument] if isinstance(given.get(key), str)), "").strip()
    if not text:
        raise Unreadable(f'{instrument} needs "{_TEXTS[instrument][0]}"')
    if instrument == "locate":
        return InstrumentCall(instrument, text[:300])
    written = next((given[key] for key in (*BOX_NAMES, "0") if key in given), None)
    if written is None:
        raise Unreadable(f'{instrument} needs "bbox_2d"')
    boxes = read_boxes(written)
    if len(boxes) != 1:
        raise Unreadable(f"{instrument} takes one box, not {len(boxes)}")
    return InstrumentCall(instrument, text[:1000], in_convention(boxes[0], convention, view))


def read_located(reply: str, convention: Convention, view: Frame, limit: int) -> tuple[Numbers, ...]:
    """The boxes that a model wrote when it was asked for them, in its convention; none where it found nothing.

    Raises:
        Unreadable: the reply is something else.
    """
    text = reply[:20_000].rpartition("</think>")[2]
    found = read_values(text)
    boxes: list[Numbers] = []
    if not found:
        if not any(character.isdigit() for character in text):
            return ()  # "There is none."
        boxes += read_boxes(text.strip())
    values: Sequence[Any] = [value.value for value in found if value.value not in ([], {})]
    if len(values) > 1 and all(isinstance(value, list) for value in values):
        values = [values]  # one box a line
    for value in values:
        boxes += read_boxes(value)
    return tuple(dict.fromkeys(in_convention(box, convention, view) for box in boxes))[:limit]
