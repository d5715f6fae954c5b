"""Rows of ReFocus_Data (Fu et al. 2025, "ReFocus"), as JSON lines: a chart, a question, GPT-4o's thoughts with Python,
the picture that the Python made, and boxes of the chart's axes.

The `thoughts` are the assistant's turns. The last turn with Python is an action; the `edited_image` answers it, and
`focus_areas_bbox` are its boxes. They are the choice of the recorded model and no ground truth, so they are no targets.
Boxes are in pixels of the original. The axes' values become regions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from lensmill.agents.refocus.replies import RefocusReply, read_refocus_reply
from lensmill.agents.replies.final import abstains
from lensmill.formats.imported import (
    GivenPicture,
    Imported,
    RowError,
    as_column,
    as_published,
    checked_text,
    is_number,
    list_in,
    number,
    recording_of_row,
    row_again,
    shown,
    text_in,
)
from lensmill.geometry import Box
from lensmill.sample import Region, Sample, sample_id_of
from lensmill.tools import PYTHON
from lensmill.trajectory import Action, ImageRef, Message, Observation, Part, Recording, Step, Trajectory

FORMAT = "refocus"

NOTES: Mapping[str, str] = {
    "answer_not_text": "the answer is a number in the row, and a text here",
    "focus_without_code": "focus areas without Python that could have drawn them; kept in the recording only",
    "invalid_focus_box": "a focus box whose corners are swapped, missing or no numbers; it is no box of the action",
    "empty_focus_box": "a focus box without area",
    "invalid_axis_box": "a box of an axis value that is no box; the value is no region",
    "picture_without_focus": "an edited picture, and no focus areas",
    "picture_without_code": "an edited picture, and no Python that could have drawn it; it answers the first turn",
    "picture_not_recorded": "Python without a picture of what it drew, or a further turn that no picture comes before",
    "picture_unseen": "the edited picture came after the last turn, so no turn has seen it",
    "several_actions": "more than one turn or block with Python, and one edited picture, of the last",
    "no_final_answer": "no turn has a final answer that can be read; the episode counts as abstained",
}
"""The name of each peculiarity of a row, and its meaning."""

NOT_RECORDED = "The picture of this step was not recorded."

_AXES: tuple[Literal["x_values", "y_values"], ...] = ("x_values", "y_values")
_EDGES = ("x1", "y1", "x2", "y2")


def imported(
    row: Mapping[str, Any], original: GivenPicture, edited: GivenPicture | None, source: str, origin: str, licence: str
) -> Imported:
    """A row as a sample with its recorded trajectory. Rows without thoughts (the splits val and test) have none.

    Args:
        row: of the JSON lines. Boxes may be a list of {x1, y1, x2, y2} or, as in Parquet, {x1: [...], y1: [...] ...}.
        original: the picture that the field `image` names.
        edited: the picture that the field `edited_image` names; None if the field is empty or missing.
        source, origin, licence: of the sample.

    Raises:
        RowError: the row cannot become a sample, or has thoughts that cannot become a trajectory.
    """
    notes: list[str] = []
    question = text_in(row, "question").strip()
    answers = (_answer(row.get("answer"), notes),)
    sample = Sample(
        sample_id=sample_id_of(original.image_id, question, answers),
        image_id=original.image_id,
        width=original.width,
        height=original.height,
        question=question,
        answers=answers,
        regions=tuple(_regions(row, notes)),
        source=source,
        subset=text_in(row, "source") if row.get("source") else "",
        split=text_in(row, "split") if row.get("split") else "",
        licence=licence,
        origin=origin,
    )
    if not row.get("thoughts"):
        return Imported(sample)
    thoughts = [checked_text(text, f"thoughts[{at}]") for at, text in enumerate(list_in(row, "thoughts"))]
    trajectory = _trajectory(row, sample, thoughts, original, edited, notes)
    recording = recording_of_row(FORMAT, row, _derived_of(sample, trajectory), notes)
    recorded = replace(trajectory, recording=recording)
    return Imported(replace(sample, recorded=recorded), {} if edited is None else {edited.image_id: edited.data})


def original_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of ReFocus_Data that a published episode came from.

    Args:
        row: of an episode table of a version; its pictures are not read.

    Raises:
        ValueError: the episode did not come from ReFocus_Data.
    """
    return row_again(FORMAT, row, _derived(row))


def _derived_of(sample: Sample, trajectory: Trajectory) -> dict[str, Any]:
    """What an export of the published episode derives from it."""
    texts = [(message.role, "".join(part.text for part in message.parts)) for message in trajectory.messages]
    published = {
        "question": as_published(sample.question),
        "references": [as_published(answer) for answer in sample.answers],
        "subset": as_published(sample.subset),
        "split": as_published(sample.split),
        "regions": [
            {"kind": region.kind, "label": as_published(region.label), "box": region.box.xyxy}
            for region in sample.regions
        ],
        "messages": [{"role": role, "content": [{"type": "text", "text": as_column(text)}]} for role, text in texts],
        "steps": [
            {"boxes": [{"box": box.xyxy} for _, box in step.action.boxes] if step.action else []}
            for step in trajectory.steps
        ],
    }
    return _derived(published)


def _derived(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that follow from a published episode alone."""
    axes: dict[str, Any] = {}
    for axis in _AXES:
        regions = [region for region in row["regions"] if region["kind"] == axis]
        axes[axis] = [region["label"] for region in regions]
        axes[f"{axis}_bbox"] = [_corners(region["box"]) for region in regions]
    return {
        "question": row["question"],
        "answer": row["references"][0],
        "thoughts": [
            "".join(part["text"] for part in message["content"] if part["type"] == "text")
            for message in row["messages"]
            if message["role"] == "assistant"
        ],
        "focus_areas_bbox": [_corners(entry["box"]) for step in row["steps"] for entry in step["boxes"]],
        "source": row["subset"],
        "split": row["split"],
        **axes,
    }


def _corners(box: Sequence[float]) -> dict[str, int | float]:
    return dict(zip(_EDGES, map(number, map(float, box)), strict=True))


def _answer(value: object, notes: list[str]) -> str:
    if is_number(value):
        notes.append("answer_not_text")
        return str(value) if isinstance(value, int) else f"{value:.15g}"
    if value is None:
        raise RowError("missing_field", 'the row has no "answer"; add it')
    return checked_text(value, "answer").strip()


def _boxes(row: Mapping[str, Any], name: str) -> list[Any]:
    """The values of a field of boxes, one a box, from either layout."""
    value = row.get(name)
    if isinstance(value, dict) and set(value) == set(_EDGES):
        columns = [value[edge] for edge in _EDGES]
        if not all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
            raise RowError("bad_field", f'field "{name}" must have four lists of one length, got {shown(value)}')
        return [dict(zip(_EDGES, corners, strict=True)) for corners in zip(*columns, strict=True)]
    return list_in(row, name)


def _box(value: object) -> Box | None:
    """A box in original pixels; None if corners are swapped, missing or no numbers."""
    corners = [value.get(edge) for edge in _EDGES] if isinstance(value, dict) else []
    if len(corners) != 4 or not all(map(is_number, corners)):
        return None
    x1, y1, x2, y2 = (float(corner) for corner in corners if is_number(corner))
    return Box(x1, y1, x2, y2) if x1 <= x2 and y1 <= y2 else None


def _regions(row: Mapping[str, Any], notes: list[str]) -> Iterator[Region]:
    """The values of the axes, with their boxes, in original pixels."""
    for axis in _AXES:
        labels, boxes = list_in(row, axis), _boxes(row, f"{axis}_bbox")
        if len(labels) != len(boxes):
            what = (
                f'field "{axis}" has {len(labels)} values and "{axis}_bbox" {len(boxes)} boxes; give each value a box'
            )
            raise RowError("bad_field", what)
        for at, (label, value) in enumerate(zip(labels, boxes, strict=True)):
            box = _box(value)
            if box is None or box.area <= 0:
                notes.append("invalid_axis_box")
            else:
                yield Region(axis, checked_text(label, f"{axis}[{at}]", empty=True), box)


def _focus(row: Mapping[str, Any], sample: Sample, notes: list[str]) -> tuple[tuple[str, Box], ...]:
    """The focus areas with the label of the axis value that has the same box, or without a label."""
    labels = {region.box: region.label for region in reversed(sample.regions)}
    found = []
    for value in _boxes(row, "focus_areas_bbox"):
        box = _box(value)
        if box is None:
            notes.append("invalid_focus_box")
            continue
        if box.area <= 0:
            notes.append("empty_focus_box")
        found.append((labels.get(box, ""), box))
    return tuple(found)


def _trajectory(
    row: Mapping[str, Any],
    sample: Sample,
    thoughts: Sequence[str],
    original: GivenPicture,
    edited: GivenPicture | None,
    notes: list[str],
) -> Trajectory:
    replies = [read_refocus_reply(text) for text in thoughts]
    acting = [at for at, reply in enumerate(replies) if reply.code is not None]
    focus = _focus(row, sample, notes)
    _note(replies, thoughts, acting, bool(row.get("focus_areas_bbox")), edited is not None, notes)
    pictured = acting[-1] if acting else 0
    refs: tuple[ImageRef, ...] = () if edited is None else (edited.ref(original.whole),)
    steps, messages = [], [Message("user", (Part(image=0), Part(f"\n{as_published(sample.question)}")))]
    for at, (text, reply) in enumerate(zip(thoughts, replies, strict=True)):
        shows = refs if at == pictured else ()
        goes_on = at + 1 < len(thoughts)
        lacks = not shows and (at in acting or goes_on)
        if lacks:
            notes.append("picture_not_recorded")
        action = None if reply.code is None else Action(PYTHON, {"code": reply.code}, focus if at == pictured else ())
        seen = Observation(NOT_RECORDED if lacks else "", shows) if action or shows or lacks else None
        steps.append(Step(reply.thought, action, seen))
        messages.append(Message("assistant", (Part(text),)))
        if shows or goes_on:
            messages.append(Message("user", (Part(image=1),) if shows else (Part(NOT_RECORDED),)))
    answer = next((reply.answer for reply in reversed(replies) if reply.answer is not None), None)
    if answer is None or abstains(answer, sample.choices):
        notes.append("no_final_answer")
        answer = None
    images = (original.ref(original.whole), *refs)
    stop: Literal["answered", "abstained"] = "abstained" if answer is None else "answered"
    return Trajectory(images, tuple(steps), tuple(messages), answer, stop, recording=Recording(FORMAT))


def _note(
    replies: Sequence[RefocusReply],
    thoughts: Sequence[str],
    acting: Sequence[int],
    focus: bool,
    picture: bool,
    notes: list[str],
) -> None:
    """Note how the row's turns, boxes and picture do not fit together."""
    if focus and not acting:
        notes.append("focus_without_code")
    if len(acting) > 1 or any(text.count("```python") > 1 for text in thoughts):
        notes.append("several_actions")
    if picture and not acting:
        notes.append("picture_without_code")
    if picture and not focus:
        notes.append("picture_without_focus")
    if picture and (acting[-1] if acting else 0) == len(replies) - 1:
        notes.append("picture_unseen")
