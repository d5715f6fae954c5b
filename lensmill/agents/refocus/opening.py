"""What the refocus agent's model is sent first."""

from collections.abc import Mapping
from typing import Any, get_args

from lensmill.agents.prompts import Prompts
from lensmill.agents.protocol import Task
from lensmill.agents.replies.final import UNKNOWN
from lensmill.agents.wording import question_text
from lensmill.geometry import Box
from lensmill.models.families import ModelFamily
from lensmill.sample import RegionKind
from lensmill.tools import EditKind, edit_name, tool_schema
from lensmill.tools.focus import PART_WORDS
from lensmill.trajectory import Message, Part

PROMPTS = Prompts("lensmill.agents.refocus")

Parts = Mapping[RegionKind, Mapping[str, Box]]
"""Kind -> label -> box in pixels of the view, as `lensmill.sandbox.protocol.BoxMaps` has it."""


def refocus_opening(task: Task, parts: Parts, size: tuple[int, int], last: bool = False) -> tuple[Message, ...]:
    """What the model is sent first; `size` is the view's, in pixels. `last`: it has but this turn."""
    system = PROMPTS.fill(
        "system",
        tools=tools_text(parts, size),
        example=example_text(parts),
        guides=guides_text(parts),
        unknown=UNKNOWN,
    )
    question = question_with_parts(task, parts)
    ending = f"\n{PROMPTS.fill('last')}" if last else ""
    return (Message("system", (Part(system),)), Message("user", (Part(image=0), Part(f"\n{question}{ending}"))))


def question_with_parts(task: Task, parts: Parts) -> str:
    """The question, its options and the labels of the parts."""
    listed = [f"{kind}_bbox has the {PART_WORDS[kind]}: {list(boxes)!r}" for kind, boxes in parts.items()]
    return PROMPTS.fill("question", question=question_text(task), parts="\n".join(listed)).rstrip()


def planned_opening(_settings: Any, task: Task, size: tuple[int, int], _family: ModelFamily) -> tuple[Message, ...]:
    """The opening as it is known before the picture is read: with the parts that came with the sample."""
    return refocus_opening(task, parts_of_task(task), size)


def parts_of_task(task: Task) -> Parts:
    """The parts that came with the sample, with boxes in pixels of the original."""
    parts: dict[RegionKind, dict[str, Box]] = {}
    for region in task.regions:
        parts.setdefault(region.kind, {})[region.label] = region.box
    return parts


def tools_text(parts: Parts, size: tuple[int, int]) -> str:
    """The functions that code may call on a view of `size` pixels."""
    if not parts:
        width, height = size
        return (
            "No parts of this picture are labelled. You may crop it: `image_1.crop((left, top, right, bottom))`, in "
            f"pixels; image_1 is {width} wide and {height} high."
        )
    lines = ["Each of these functions gives you a new picture. `labels` is a list of names, the last argument a dict:"]
    for kind in parts:
        for edit in get_args(EditKind):
            name = edit_name(edit, kind)
            lines.append(f"- `{name}(image, labels, {kind}_bbox)` {tool_schema(name)['function']['description']}")
    return "\n".join(lines)


def guides_text(parts: Parts) -> str:
    """How to choose and edit each kind of part that there is, after ReFocus's prompts for tables, bars that stand, bars
    that lie and figures of several panels. Empty without parts."""
    names: list[str] = list(parts)
    if "columns" in parts and "rows" in parts:
        names.append("table")
    if not names:
        return ""
    return "\n".join(["\n# The parts of this picture", *(PROMPTS[name] + "\n" for name in names)])


def example_text(parts: Parts) -> str:
    """Code that shows an edited picture."""
    if not parts:
        return "display(image_1.crop((0, 0, 200, 200)))"
    kind = next(iter(parts))
    label = next(iter(parts[kind]))
    return f"focused = {edit_name('draw', kind)}(image_1, [{label!r}], {kind}_bbox)\ndisplay(focused)"
