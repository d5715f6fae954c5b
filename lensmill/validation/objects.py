"""ms-swift's `objects`: boxes that the trainer writes into the text itself, after its resize, where `<bbox>` stands."""

from collections.abc import Iterator, Mapping
from typing import Any

from lensmill.formats.checking import Finding
from lensmill.validation.boxes import SLACK, numbers_of, shape_finding
from lensmill.validation.conversation import Conversation, shown


def check_objects(value: Any, conversation: Conversation) -> Iterator[Finding]:
    """Boxes in pixels of their pictures' files, one for each `<bbox>`, each with the picture that it speaks of."""
    text = "".join(turn.text for turn in conversation.turns)
    tags, refs = text.count("<bbox>"), text.count("<ref-object>")
    if isinstance(value, str):
        yield Finding(
            "objects_as_text",
            "objects",
            "objects is a string, which stops ms-swift: write a struct of ref, bbox and image_id",
        )
        return
    if not value:
        if tags or refs:
            yield Finding(
                "placeholder_literal",
                "objects",
                f"the turns hold {tags} <bbox> and {refs} <ref-object>, and the row has no objects: write other "
                "brackets, such as ‹bbox›, or add objects",
            )
        return
    if not isinstance(value, Mapping):
        yield Finding(
            "objects_shape", "objects", f"objects is {shown(value, 40)}: write an object with bbox and image_id"
        )
        return
    boxes, names = value.get("bbox") or [], value.get("ref") or []
    if not isinstance(boxes, list) or not isinstance(names, list):
        yield Finding("objects_shape", "objects", "bbox and ref of objects are lists")
        return
    if len(boxes) != tags:
        yield Finding(
            "bbox_count",
            "objects.bbox",
            f"{tags} <bbox> stand in the turns, and objects has {len(boxes)} boxes: boxes without <bbox> are ignored, "
            "and <bbox> without a box stays as text",
        )
    if len(names) != refs and (refs or not tags):
        yield Finding(
            "ref_count", "objects.ref", f"{refs} <ref-object> stand in the turns, and objects has {len(names)} names"
        )
    yield from _boxes(value, boxes, conversation)


def _boxes(value: Mapping[str, Any], boxes: list[Any], conversation: Conversation) -> Iterator[Finding]:
    ids, pictures = value.get("image_id"), conversation.pictures
    if boxes and not ids and len(pictures) > 1:
        yield Finding(
            "no_image_id",
            "objects.image_id",
            "image_id is missing, so ms-swift takes every box for one on the first picture: name each box's picture, "
            "from 0",
        )
        return
    if ids and (not isinstance(ids, list) or len(ids) != len(boxes)):
        yield Finding(
            "image_id_count", "objects.image_id", f"image_id does not name one picture for each of {len(boxes)} boxes"
        )
        return
    kind = value.get("bbox_type") or "real"
    if kind not in ("real", "norm1"):
        yield Finding("bbox_type", "objects.bbox_type", f"bbox_type is {shown(kind, 20)!r}: write real or norm1")
        return
    for number, box in enumerate(boxes):
        where = f"objects.bbox[{number}]"
        about = ids[number] if ids else 0
        if not isinstance(about, int) or isinstance(about, bool) or not 0 <= about < len(pictures):
            yield Finding(
                "box_of_no_picture",
                f"objects.image_id[{number}]",
                f"image_id is {shown(about, 20)}, and the row has {len(pictures)} pictures, from 0",
            )
            continue
        numbers = numbers_of(box * 2 if isinstance(box, list) and len(box) == 2 else box)
        if numbers is None:
            yield Finding("box_shape", where, "a box is not four numbers: write [x1, y1, x2, y2]")
            continue
        if len(box) == 4 and (bad := shape_finding(numbers, where)) is not None:
            yield bad
            continue
        picture = pictures[about]
        if kind == "real" and not picture.known:
            continue
        width, height, slack = (1, 1, 0.001) if kind == "norm1" else (picture.width, picture.height, SLACK)
        x1, y1, x2, y2 = numbers
        if kind == "real" and max(numbers) <= 1 and any(n % 1 for n in numbers):
            yield Finding(
                "box_convention", where, "the box is in parts of the picture: write pixels, or bbox_type norm1"
            )
        elif x1 < -slack or y1 < -slack or x2 > width + slack or y2 > height + slack:
            yield Finding(
                "box_outside",
                where,
                f"the box leaves {picture.where} ({width}x{height}): write boxes in pixels of that picture's file, not "
                "of the original, nor of the size after a resize",
            )
