"""ReFocus_Data: one question a row, thoughts with Python actions, the edited picture, and named boxes in pixels."""

import re
from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.boxes import SLACK, shape_finding
from lensmill.validation.conversation import Conversation, Picture, Reading, Turn, shown
from lensmill.validation.literals import check_texts
from lensmill.validation.pictures import Entries, check_pictures, read_picture
from lensmill.validation.spec import Validator

ENTRIES = Entries("ReFocus", image_key=False, raw=True)
_LISTS = ("focus_areas_bbox", "x_values_bbox", "y_values_bbox")
_SIDES = ("x1", "y1", "x2", "y2")
_FENCES = re.compile(r"```")


def check(row: Mapping[str, Any], training: Training) -> Reading:
    """Findings about a row of ReFocus_Data. Its prompts are made by the reader, so no template is looked at."""
    reading = partial(_read, row, training)()
    conversation: Conversation | None = yield from reading
    if conversation is not None:
        yield from check_pictures(conversation.pictures, "ReFocus' fine-tuning", 0)
        yield from check_texts(conversation, training.target.name, training.specials)
    return conversation


def _read(row: Mapping[str, Any], training: Training) -> Reading:
    question, answer = row.get("question"), row.get("answer")
    for name, value in (("question", question), ("answer", answer)):
        if not isinstance(value, str) or not value.strip():
            kind = "missing" if value is None else "empty" if value == "" else f"{shown(value, 30)}"
            yield Finding("no_text", name, f"{name} is {kind}: write it as text")
    if row.get("image") is None:
        yield Finding("image_missing", "image", "the row has no picture: give its bytes or its path")
        return None
    picture = yield from read_picture(row["image"], "image", ENTRIES, training)
    pictures: tuple[Picture, ...] = (picture,)
    if row.get("edited_image"):
        edited = yield from read_picture(row["edited_image"], "edited_image", ENTRIES, training)
        pictures = (picture, edited)
    yield from _boxes(row, picture)
    thoughts = yield from _thoughts(row)
    turns = [
        Turn("user", "question", (None, question if isinstance(question, str) else "")),
        *(Turn("assistant", f"thoughts[{number}]", (text,), True) for number, text in enumerate(thoughts)),
        Turn("assistant", "answer", (answer if isinstance(answer, str) else "",), True),
    ]
    return Conversation(tuple(turns), pictures)


def _thoughts(row: Mapping[str, Any]) -> Generator[Finding, None, list[str]]:
    value = row.get("thoughts")
    if row.get("split") in ("val", "validation", "test") and not value:
        return []
    if not isinstance(value, list) or not value:
        yield Finding("no_thoughts", "thoughts", "the row has no thoughts, and a row for training needs at least one")
        return []
    texts = []
    for number, text in enumerate(value):
        where = f"thoughts[{number}]"
        if not isinstance(text, str) or not text.strip():
            yield Finding("empty_turn", where, "the thought is empty or no text: write it as text")
            continue
        if len(_FENCES.findall(text)) % 2:
            yield Finding("open_code", where, "the code has no end: close it with ```")
        texts.append(text)
    if texts and "FINAL ANSWER:" not in texts[-1]:
        yield Finding(
            "no_answer", f"thoughts[{len(value) - 1}]", 'the last thought has no "FINAL ANSWER:": the row was cut off'
        )
    edited = any("```python" in text for text in texts)
    if row.get("edited_image") and not edited and texts:
        yield Finding(
            "edit_without_action", "edited_image", "the row has an edited picture, and no thought holds Python"
        )
    return texts


def _boxes(row: Mapping[str, Any], picture: Picture) -> Iterator[Finding]:
    for name in _LISTS:
        boxes, problem = _read_boxes(row.get(name))
        if problem:
            yield Finding("box_shape", name, problem)
        for number, box in enumerate(boxes):
            yield from _box(box, f"{name}[{number}]", picture)
    for axis in ("x_values", "y_values"):
        values, (boxes, problem) = row.get(axis), _read_boxes(row.get(f"{axis}_bbox"))
        if values is not None and not isinstance(values, list):
            yield Finding("values_shape", axis, f"{axis} is of type {type(values).__name__}: write a list of texts")
        elif not problem and len(values or []) != len(boxes):
            yield Finding(
                "values_and_boxes",
                axis,
                f"{axis} has {len(values or [])} names, and {axis}_bbox {len(boxes)} boxes: write a box for each name",
            )
    figure = row.get("figure_bbox")
    if figure is not None:
        yield from _box(figure, "figure_bbox", picture)


def _read_boxes(value: Any) -> tuple[list[Any], str]:
    """Boxes as a list of {x1, y1, x2, y2}, or as one object of four lists."""
    if value is None:
        return [], ""
    if isinstance(value, list):
        return value[:10_000], ""
    if not isinstance(value, Mapping):
        return [], "the boxes are neither a list of {x1, y1, x2, y2} nor four lists"
    columns = [value.get(side) for side in _SIDES]
    lists = [column for column in columns if isinstance(column, list)]
    if len(lists) != 4 or len({len(column) for column in lists}) != 1:
        return [], "the four lists x1, y1, x2 and y2 are missing or differ in length"
    return [dict(zip(_SIDES, box, strict=True)) for box in zip(*lists, strict=True)], ""


def _box(box: Any, where: str, picture: Picture) -> Iterator[Finding]:
    sides: list[Any] = [box.get(side) for side in _SIDES] if isinstance(box, Mapping) else []
    if len(sides) != 4 or not all(isinstance(n, int | float) and abs(n) < 1e9 for n in sides):
        yield Finding("box_shape", where, "the box is not {x1, y1, x2, y2} of numbers")
        return
    x1, y1, x2, y2 = map(float, sides)
    if (bad := shape_finding((x1, y1, x2, y2), where)) is not None:
        yield bad
    elif picture.known and (x1 < -SLACK or y1 < -SLACK or x2 > picture.width + SLACK or y2 > picture.height + SLACK):
        yield Finding(
            "box_outside",
            where,
            f"the box leaves the picture of {picture.width}x{picture.height} px: write boxes in pixels of `image`",
        )


def snippet(needs: Needs) -> str:
    """What a reader of the rows must allow."""
    return (
        f"# the largest row needs {needs.tokens:,} tokens, with pictures of up to {needs.pixels:,} pixels\n"
        f"max_length = {needs.limit}\n"
    )


def fits(row: Mapping[str, Any]) -> int:
    """Whether a row has thoughts and focus areas."""
    return 9 if "thoughts" in row and ("focus_areas_bbox" in row or "edited_image" in row) else 0


VALIDATOR = Validator(name="refocus", check=check, snippet=snippet, fits=fits)
