"""Rows of CoF-SFT-Data (Zhang et al. 2025, "Chain-of-Focus"): conversations with zooms, as its LLaMA-Factory file has
them, `{"messages": [{role, content}], "images": [path or {"image": path}]}`.

A placeholder `<image>` in a content is the next of `images`. An observation is a user's turn. Boxes of calls are in
pixels of the first picture as the recorded model saw it, at its size in whole patches (`seen_size`); here they are in
pixels of the original. A row has no reference answer of its own, so its final answer is the reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops, ImageStat

from lensmill.agents.replies.calls import Call, read_calls
from lensmill.agents.replies.final import one_answer
from lensmill.agents.replies.loose_json import Unreadable
from lensmill.agents.replies.tags import Tagged, read_tags
from lensmill.formats.imported import (
    GivenPicture,
    Imported,
    RowError,
    as_column,
    checked_text,
    is_number,
    list_in,
    recording_of_row,
    row_again,
    shown,
    text_in,
)
from lensmill.geometry import Box, Frame
from lensmill.resolution import PATCH_FACTOR, fit
from lensmill.sample import Sample, sample_id_of
from lensmill.tools.settings import ENLARGE
from lensmill.trajectory import Action, ImageRef, Message, Observation, Part, Step, Trajectory

FORMAT = "cof"

NOTES: Mapping[str, str] = {
    "own_reference": "the row has no reference answer; its final answer is the reference, so the verdict says nothing",
    "boxes_resized": "the recorded model saw the first picture at another size; boxes are converted to original pixels",
    "crop_region_unknown": "a picture that looks neither like the call's box nor like that box enlarged by 1.5; the "
    "more similar one is its region here",
    "unreadable_call": "a tool call that cannot be read; it is in the messages only",
    "invalid_box": "a call without four numbers in order as its box; the call has no box here",
    "call_without_picture": "a call that no picture answers",
    "picture_without_call": "a picture in a later turn that no call asked for",
    "no_final_answer": "the last turn has no answer that can be read; the episode counts as abstained",
}
"""The name of each peculiarity of a row, and its meaning."""

IMAGE = "<image>"
MAX_PICTURES = 64
"""Of one row."""

SEEN_MAX_PIXELS, SEEN_MIN_PIXELS = 14_745_600, 12_544
"""Limits of a picture in pixels (`configs/sft_lora-7b.yaml` of Chain-of-Focus)."""

ALIKE = 0.06
"""Mean difference of pixels, from 0 to 1, up to which a crop counts as one of a region."""

_CELLS = 24
_INSTRUCTION = "\nThink in the mind first"
_REFERENCES = ("groundtruth", "answer")
_ROLES = ("system", "user", "assistant")


def picture_names(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a row's pictures, without "./".

    Raises:
        RowError: there are none, too many, or an entry is no name.
    """
    entries = list_in(row, "images")
    if not 1 <= len(entries) <= MAX_PICTURES:
        raise RowError("bad_field", f'field "images" has {len(entries)} pictures; a row has 1 to {MAX_PICTURES}')
    names = []
    for at, entry in enumerate(entries):
        name = entry.get("image") if isinstance(entry, dict) else entry
        names.append(checked_text(name, f"images[{at}]").removeprefix("./"))
    return tuple(names)


def seen_size(original: GivenPicture) -> tuple[int, int]:
    """The size at which the recorded model saw the first picture: sides are multiples of 28 pixels."""
    return fit(original.width, original.height, SEEN_MAX_PIXELS, PATCH_FACTOR, SEEN_MIN_PIXELS)


def imported(
    row: Mapping[str, Any], pictures: Sequence[GivenPicture], source: str, origin: str, licence: str = ""
) -> Imported:
    """A row as a sample with its recorded trajectory.

    Args:
        row: of `cof_sft_data.json`. A text field `groundtruth` or `answer` is the reference answer, if there is one.
        pictures: those of `picture_names`, in order; the first is the original.
        source, origin, licence: of the sample.

    Raises:
        RowError: the row cannot become a trajectory.
    """
    original, notes = pictures[0], list[str]()
    messages = _messages(row, len(pictures))
    question = _question(messages)
    steps, refs, answer = _turns(messages, pictures, notes)
    named = next((name for name in _REFERENCES if row.get(name) is not None), None)
    if named is None and answer is None:
        raise RowError("missing_field", 'field "messages" has no answer in its last turn, and the row no "answer"')
    if named is None:
        notes.append("own_reference")
    if answer is None:
        notes.append("no_final_answer")
    reference = answer if named is None else text_in(row, named).strip()
    assert reference is not None
    images = (original.ref(original.whole), *refs)
    stop = "abstained" if answer is None else "answered"
    recording = recording_of_row(FORMAT, row, {"messages": _contents_of(messages)}, notes)
    trajectory = Trajectory(images, steps, messages, answer, stop, recording=recording)  # type: ignore[arg-type]
    sample = Sample(
        sample_id=sample_id_of(original.image_id, question, (reference,)),
        image_id=original.image_id,
        width=original.width,
        height=original.height,
        question=question,
        answers=(reference,),
        source=source,
        split="train",
        licence=licence,
        origin=origin,
        recorded=trajectory,
    )
    return Imported(sample, {picture.image_id: picture.data for picture in pictures[1:]})


def original_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row of CoF-SFT-Data that a published episode came from.

    Args:
        row: of an episode table of a version; its pictures are not read.

    Raises:
        ValueError: the episode did not come from CoF-SFT-Data.
    """
    contents = [
        {
            "role": message["role"],
            "content": "".join(IMAGE if part["type"] == "image" else part["text"] for part in message["content"]),
        }
        for message in row["messages"]
    ]
    return row_again(FORMAT, row, {"messages": contents})


def _messages(row: Mapping[str, Any], pictures: int) -> tuple[Message, ...]:
    """The conversation, with each placeholder as the next picture."""
    entries, found, image = list_in(row, "messages"), [], 0
    for at, entry in enumerate(entries):
        if not isinstance(entry, dict) or entry.get("role") not in _ROLES:
            said = f"got {shown(entry.get('role') if isinstance(entry, dict) else entry)}"
            raise RowError("bad_field", f'field "messages[{at}].role" must be system, user or assistant, {said}')
        parts = []
        for number, text in enumerate(checked_text(entry.get("content"), f"messages[{at}].content", True).split(IMAGE)):
            if number:
                parts.append(Part(image=image))
                image += 1
            if text:
                parts.append(Part(text))
        found.append(Message(entry["role"], tuple(parts)))
    if image != pictures:
        raise RowError("bad_field", f'field "messages" has {image} times {IMAGE}, and "images" {pictures} pictures')
    if not any(message.role == "assistant" for message in found):
        raise RowError("bad_field", 'field "messages" has no turn of the assistant; leave the row out')
    return tuple(found)


def _text(message: Message) -> str:
    return "".join(part.text for part in message.parts)


def _contents_of(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The field `messages` as an export of the published episode has it."""
    return [
        {
            "role": message.role,
            "content": "".join(IMAGE if part.image is not None else as_column(part.text) for part in message.parts),
        }
        for message in messages
    ]


def _question(messages: Sequence[Message]) -> str:
    """The text of the first user's turn, without the instruction about the protocol."""
    first = next((message for message in messages if message.role == "user"), None)
    if first is None or not any(part.image == 0 for part in first.parts):
        raise RowError("bad_field", f'field "messages": the first turn of the user must show the picture ({IMAGE})')
    text = _text(first).partition(_INSTRUCTION)[0].strip()
    question = text.removeprefix("Question:").strip()
    if not question:
        raise RowError("empty_field", 'field "messages": the first turn of the user has no question')
    return question


@dataclass(frozen=True, slots=True)
class _Turn:
    """A turn of the assistant, and the numbers of the pictures that came before the next one."""

    tagged: Tagged
    shows: tuple[int, ...]


def _turns(
    messages: Sequence[Message], pictures: Sequence[GivenPicture], notes: list[str]
) -> tuple[tuple[Step, ...], tuple[ImageRef, ...], str | None]:
    """The steps, the references to the pictures besides the original, and the final answer."""
    steps: list[Step] = []
    turns = list(_read(messages))
    seen = Frame.whole((pictures[0].width, pictures[0].height), seen_size(pictures[0]))
    for turn in turns:
        steps += _steps(turn, pictures, seen, notes)
    shown_by = [ref for step in steps if step.observation for ref in step.observation.images]
    if len(shown_by) != len(pictures) - 1:
        raise RowError("bad_field", 'field "messages" shows pictures before a first turn of the assistant; one is read')
    return tuple(steps), tuple(shown_by), one_answer(turns[-1].tagged.answers)[0]


def _read(messages: Sequence[Message]) -> Iterator[_Turn]:
    said: Tagged | None = None
    shows: list[int] = []
    for message in messages:
        if message.role == "assistant":
            if said is not None:
                yield _Turn(said, tuple(shows))
            said, shows = read_tags(_text(message)), []
        shows += [part.image for part in message.parts if part.image is not None]
    assert said is not None
    yield _Turn(said, tuple(shows))


def _steps(turn: _Turn, pictures: Sequence[GivenPicture], seen: Frame, notes: list[str]) -> list[Step]:
    """A step for each call; the nth picture answers the nth call, and the last call has what is left over."""
    actions = [_action(call, seen, notes) for call in _calls(turn.tagged, notes)]
    thought, count = turn.tagged.thought, max(1, len(actions))
    if len(actions) > len(turn.shows):
        notes.append("call_without_picture")
    if len(turn.shows) > len(actions):
        notes.append("picture_without_call")
    steps = []
    for at in range(count):
        action = actions[at] if actions else None
        shows = turn.shows[at : at + 1] if at + 1 < count else turn.shows[at:]
        refs = tuple(_shown(pictures[number], action, pictures[0], seen, notes) for number in shows)
        seen_then = Observation("", refs) if action or refs else None
        steps.append(Step(thought if at == 0 else "", action, seen_then))
    return steps


def _calls(tagged: Tagged, notes: list[str]) -> Iterator[Call]:
    for text in tagged.calls:
        try:
            yield from read_calls(text)
        except Unreadable:
            notes.append("unreadable_call")


def _action(call: Call, seen: Frame, notes: list[str]) -> Action:
    numbers, label = call.arguments.get("bbox_2d"), call.arguments.get("label")
    if not isinstance(numbers, list) or len(numbers) != 4 or not all(map(is_number, numbers)):
        notes.append("invalid_box")
        return Action(call.name, call.arguments)
    x1, y1, x2, y2 = map(float, numbers)
    if x1 >= x2 or y1 >= y2:
        notes.append("invalid_box")
        return Action(call.name, call.arguments)
    if seen.scale != (1.0, 1.0):
        notes.append("boxes_resized")
    box = seen.to_original(Box(x1, y1, x2, y2))
    return Action(call.name, call.arguments, ((label if isinstance(label, str) else "", box),))


def _shown(
    picture: GivenPicture, action: Action | None, original: GivenPicture, seen: Frame, notes: list[str]
) -> ImageRef:
    """The reference to an observation's picture. No field of a row says which region of the original it shows, so it is
    compared with the regions that Chain-of-Focus's code crops."""
    box = action.boxes[0][1] if action and action.boxes else seen.region
    cuts = (box.scaled(enlarge).clip(seen.region) for enlarge in (ENLARGE, 1.0))
    likeness = {cut: _difference(picture, original, cut) for cut in cuts if cut is not None and min(_sides(cut)) >= 1}
    region = min(likeness, key=lambda cut: likeness[cut], default=seen.region)
    if likeness.get(region, 1.0) > ALIKE:
        notes.append("crop_region_unknown")
    return picture.ref(region)


def _sides(box: Box) -> tuple[float, float]:
    return (box.width, box.height)


def _difference(picture: GivenPicture, original: GivenPicture, region: Box) -> float:
    """The mean difference of a picture from a region of the original, both as a few pixels, from 0 to 1."""
    size = (_CELLS, _CELLS)
    one = picture.pixels.resize(size, Image.Resampling.BOX)
    other = original.pixels.resize(size, Image.Resampling.BOX, box=region.xyxy)
    means = ImageStat.Stat(ImageChops.difference(one, other)).mean
    return sum(means) / len(means) / 255
