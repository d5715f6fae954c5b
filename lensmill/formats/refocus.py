"""ReFocus_Data: a chart, a question, thoughts with Python, the edited picture, and boxes in pixels of the chart.

`variant=rows` writes the data set's own fields. The other variants are the fine-tuning texts of ReFocus (section 5 and
its fine-tuning code): question and answer (qa), with the chain of thought as text (cot), and with the boxes of the
areas in focus as text (vcot); the model sees the chart alone.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lensmill.formats.boxes import written
from lensmill.formats.cof import json_lines
from lensmill.formats.example import Example, LeftOut, conversation, text_of
from lensmill.formats.llamafactory import picture
from lensmill.formats.recorded import again, named
from lensmill.formats.refocus_rows import original_row
from lensmill.formats.settings import FormatSettings
from lensmill.formats.spec import Exported, FormatSpec, Row
from lensmill.formats.target import Target
from lensmill.geometry import Box, Frame
from lensmill.validation.refocus import VALIDATOR

_EDGES = ("x1", "y1", "x2", "y2")
_NUMBER = re.compile(r"^THOUGHT \d{1,3}: ")

FOCUS = "The areas to focus on in the image have bounding box coordinates: "
"""ReFocus's words before the boxes of a visual chain of thought."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefocusSettings(FormatSettings):
    """ReFocus_Data's rows, or the fine-tuning texts made of them."""

    name: Literal["refocus"] = "refocus"
    chain: Literal["pictures"] = "pictures"
    """`variant` says what is learnt"""
    variant: Literal["rows", "qa", "cot", "vcot"] = "rows"
    """rows has the data set's fields; qa, cot and vcot add ReFocus's texts `prompt` and `response`"""
    pictures: Literal["files"] = "files"
    """JSON lines that name picture files"""


def _rows(settings: RefocusSettings, example: Example) -> Iterator[Row]:
    row = again(example, "refocus", original_row)
    row = _with_pictures(row, example) if row is not None else _ours(example)
    if settings.variant == "rows":
        yield row
        return
    yield {**row, "prompt": f"{row['question']}\nThought:", "response": _response(row, settings, example)}


def _with_pictures(row: dict[str, Any], example: Example) -> dict[str, Any]:
    """An imported row with its picture files."""
    found = {**row, "image": named(example.pictures[0], row.get("image"))}
    if len(example.pictures) > 1:
        found["edited_image"] = named(example.pictures[1], row.get("edited_image"))
    return found


def _ours(example: Example) -> dict[str, Any]:
    """An episode of our agents as a row: boxes in pixels of the view, and the last edited picture.

    Raises:
        LeftOut: the episode has a picture that shows a part of the chart only, or no answer.
    """
    view = example.frames[0]
    if any(frame.region != view.region for frame in example.frames):
        raise LeftOut("zoomed_picture", "ReFocus_Data has no place for a picture that shows a part of the chart only")
    if example.trajectory.answer is None:
        raise LeftOut("no_answer", f"episode {example.episode_id} has no answer")
    sample = example.sample
    thoughts = [text_of(message, "") for message in conversation(example) if message.role == "assistant"]
    row: dict[str, Any] = {
        "id": example.episode_id,
        "question": sample.question,
        "answer": sample.answers[0],
        "image": example.pictures[0],
        "thoughts": thoughts,
        "focus_areas_bbox": _boxes(_focus(example), view),
        "source": sample.subset or sample.source,
        "split": sample.split,
    }
    for axis in ("x_values", "y_values"):
        regions = [region for region in sample.regions if region.kind == axis]
        row |= {axis: [region.label for region in regions]}
        row |= {f"{axis}_bbox": _boxes([region.box for region in regions], view)}
    if len(example.pictures) > 1:
        row["edited_image"] = example.pictures[-1]
    return row


def _focus(example: Example) -> list[Box]:
    """The boxes of the episode's actions, in original pixels."""
    return [box for step in example.trajectory.steps if step.action is not None for _, box in step.action.boxes]


def _written(box: Box, view: Frame, target: Target) -> dict[str, float]:
    try:
        numbers = target.numbers(box, view)
    except ValueError as error:
        raise LeftOut("picture_ratio", f"a picture of {view.width}x{view.height} pixels: {error}") from error
    return dict(zip(_EDGES, json.loads(written(numbers, target.family.convention)), strict=True))


def _boxes(boxes: Sequence[Box], view: Frame) -> list[dict[str, int]]:
    return [dict(zip(_EDGES, view.from_original(box).rounded(), strict=True)) for box in boxes]


def _response(row: Mapping[str, Any], settings: RefocusSettings, example: Example) -> str:
    """The text that ReFocus's fine-tuning learns, with boxes about the view as the target writes boxes."""
    answer = str(row["answer"])
    if settings.variant == "qa":
        return answer
    thoughts = [str(thought) for thought in row.get("thoughts") or ()]
    if not thoughts:
        raise LeftOut("no_thought", "the row has no thoughts: export with format.variant=qa")
    boxes = [_written(box, example.frames[0], settings.trained) for box in _focus(example)]
    focus = f"{FOCUS}{boxes}\n" if settings.variant == "vcot" and boxes else ""
    chain = "\n".join(_without_code(thought) for thought in thoughts).strip()
    return f"{focus}Thought: {chain}\nAnswer: {answer}"


def _without_code(thought: str) -> str:
    """A thought without its number and its action: the fine-tuned model runs no code."""
    return _NUMBER.sub("", thought.partition("\nACTION")[0]).strip()


def _columns(settings: RefocusSettings) -> Mapping[str, Any]:
    boxes = [dict.fromkeys(_EDGES, "float64")]
    texts = ("id", "question", "answer", "image", "edited_image", "source", "split")
    lists = ("focus_areas_bbox", "x_values_bbox", "y_values_bbox")
    return {
        **dict.fromkeys(texts, "string"),
        **{name: ["string"] for name in ("thoughts", "x_values", "y_values")},
        **dict.fromkeys(lists, boxes),
        **({} if settings.variant == "rows" else {"prompt": "string", "response": "string"}),
    }


def _command(exported: Exported) -> str:
    texts = "" if getattr(exported.settings, "variant", "") == "rows" else " Its `prompt` and `response` are the texts."
    return (
        f"ReFocus's fine-tuning scripts read these JSON lines (`train/*.jsonl`), with `images/` beside them.{texts}\n"
    )


SPEC = FormatSpec(
    settings=RefocusSettings,
    version=2,
    columns=_columns,
    rows=_rows,
    validator=VALIDATOR,
    container=json_lines,
    picture=picture,
    absolute=False,
    command=_command,
)
