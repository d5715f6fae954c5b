"""A reply in Chain-of-Focus's protocol: a thought, then zooms or an answer."""

import json
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Protocol

from lensmill.agents.replies.boxes import BOX_NAMES, Numbers, in_convention, read_boxes
from lensmill.agents.replies.calls import Call, read_calls
from lensmill.agents.replies.final import one_answer
from lensmill.agents.replies.loose_json import Unreadable
from lensmill.agents.replies.tags import Tagged, read_tags
from lensmill.geometry import Convention, Frame
from lensmill.tools import ZOOM
from lensmill.tools.errors import shown

MAX_CALLS = 4
"""Calls that are run of one reply."""

_IMAGE_NAMES = ("image", "image_index", "image_idx", "img_idx", "image_id", "target_image", "img", "index", "source")
_LABEL_NAMES = ("label", "object", "name", "description", "target", "text")

NEITHER = (
    "Your reply has neither a <tool_call> nor an <answer>. Write <think> ... </think>, then either "
    "<tool_call> ... </tool_call> or <answer> ... </answer>."
)
CUT = "Your reply was cut off at its length limit before its end. Think in a few sentences, then call or answer."
CIRCLES = "Your reply repeated itself until it was cut off. Think in a few sentences, then call or answer."


class ToolCall(Protocol):
    """A call that can be run."""

    @property
    def tool(self) -> str:
        """The name of the tool."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments of the call as the record stores them."""


@dataclass(frozen=True, slots=True)
class OtherCall:
    """A call of another tool than the zoom; `text` is the arguments as JSON, just as the model meant them."""

    tool: str
    text: str

    @property
    def arguments(self) -> Mapping[str, Any]:
        """See `ToolCall`."""
        found: Mapping[str, Any] = json.loads(self.text)
        return found


@dataclass(frozen=True, slots=True)
class Zoom:
    """A call of the zoom tool as it was meant: arguments that the tool takes, in the model's convention."""

    bbox_2d: Numbers
    label: str
    image: int

    @property
    def tool(self) -> str:
        """See `ToolCall`."""
        return ZOOM

    @property
    def arguments(self) -> Mapping[str, Any]:
        """See `ToolCall`."""
        return {"bbox_2d": list(self.bbox_2d), "label": self.label, "image": self.image}


@dataclass(frozen=True, slots=True)
class ZoomReply:
    """What a reply meant.

    Attributes:
        thought: what it thought.
        calls: those that can be run, in order and each once.
        answer: its answer; where it also calls, one that was given before looking.
        problem: what the model should fix; whatever else could be read still stands.
    """

    thought: str
    calls: tuple[ToolCall, ...] = ()
    answer: str | None = None
    problem: str = ""


def read_zoom_reply(
    reply: str, convention: Convention, frames: Sequence[Frame], cut: bool = False, tools: Set[str] = frozenset()
) -> ZoomReply:
    """A reply of the zoom protocol.

    Args:
        convention: how the model was told to write boxes.
        frames: of the pictures so far; a call names one of them.
        cut: the reply ended at its token limit.
        tools: names of further tools.
    """
    tagged = read_tags(reply)
    calls: list[ToolCall] = []
    problems: list[str] = []
    for index, text in enumerate(tagged.calls):
        last_open = tagged.open_end and index == len(tagged.calls) - 1
        try:
            for call in read_calls(text, cut and last_open):
                if call.name in tools:
                    calls.append(OtherCall(call.name, json.dumps(dict(call.arguments), ensure_ascii=False)))
                else:
                    calls += zooms_of(call, convention, frames, tools)
        except Unreadable as error:
            problems.append(f"The tool call {shown(' '.join(text.split()), 60)} could not be read: {error}.")
    calls = list(dict.fromkeys(calls))
    if len(calls) > MAX_CALLS:
        problems.append(f"Only the first {MAX_CALLS} of your {len(calls)} calls were run.")
    answer, trouble = one_answer(tagged.answers)
    if cut and tagged.open_end and not tagged.calls:
        answer, trouble = None, ""
    if trouble and not calls:
        problems.append(trouble)
    if not calls and answer is None and not problems:
        problems.append(_silence(tagged, cut))
    return ZoomReply(tagged.thought, tuple(calls[:MAX_CALLS]), answer, " ".join(dict.fromkeys(problems)))


def _silence(tagged: Tagged, cut: bool) -> str:
    if tagged.circles:
        return CIRCLES
    return CUT if cut else NEITHER


def zooms_of(call: Call, convention: Convention, frames: Sequence[Frame], others: Set[str] = frozenset()) -> list[Zoom]:
    """One call is several where it lists several boxes. `others`: names of the tools that there are besides."""
    if call.name and not re.search("zoom|crop", call.name, re.IGNORECASE):
        known = f"the tools are {', '.join((ZOOM, *sorted(others)))}" if others else f"the tool is {ZOOM}"
        raise Unreadable(f"there is no tool {shown(call.name, 40)!r}; {known}")
    given = {key.replace("-", "_").lower(): value for key, value in call.arguments.items()}
    box = next((given[name] for name in (*BOX_NAMES, "0") if name in given), None)
    if box is None and all(name in given for name in ("x1", "y1", "x2", "y2")):
        box = {name: given[name] for name in ("x1", "y1", "x2", "y2")}
    if box is None:
        raise Unreadable('its arguments have no "bbox_2d"')
    image = _image(next((given[name] for name in (*_IMAGE_NAMES, "2") if given.get(name) is not None), 0), len(frames))
    label = next((given[name] for name in (*_LABEL_NAMES, "1") if isinstance(given.get(name), str)), "")
    boxes = read_boxes(box)
    return [Zoom(in_convention(numbers, convention, frames[image]), label.strip()[:200], image) for numbers in boxes]


def _image(value: Any, count: int) -> int:
    """Which picture a call is about: a number, its text, "image_1", "original"."""
    number: int | None = None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1000 and value == int(value):
        number = int(value)
    elif isinstance(value, str):
        found = re.fullmatch(r"\D{0,20}(\d{1,3})\D{0,3}", value.strip())
        number = int(found[1]) if found else 0 if "original" in value.lower() else None
    if number is None or not 0 <= number < count:
        raise Unreadable(f'"image" must be from 0 to {count - 1}, got {shown(value, 40)}')
    return number
