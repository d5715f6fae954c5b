"""ReFocus's edit tools by name: {mask, draw, highlight} x the kinds of named parts."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

from lensmill.picture import Picture
from lensmill.sample import RegionKind
from lensmill.tools.album import Drawing
from lensmill.tools.arguments import checked_label
from lensmill.tools.edits import EditKind, focus
from lensmill.tools.errors import ToolError, shown
from lensmill.tools.spec import BOX_SCHEMA, Drawn, ToolContext, ToolResult, ToolSpec

PART_WORDS: Mapping[RegionKind, str] = {
    "x_values": "values on the x axis",
    "y_values": "values on the y axis",
    "columns": "columns of the table",
    "rows": "rows of the table",
    "subplots": "panels of the figure",
}

_EDIT_WORDS: Mapping[EditKind, str] = {
    "mask": "whitens all the others",
    "draw": "outlines each with a red box",
    "highlight": "lays translucent red over each",
}

_PROPERTIES: Mapping[str, Any] = {
    "labels": {
        "type": "array",
        "items": {"type": "string"},
        "description": "the labels to focus on",
    },
    "boxes": {
        "type": "object",
        "additionalProperties": BOX_SCHEMA,
        "description": "every label's box, as [x1, y1, x2, y2]; without it, the boxes that came with the image",
    },
}


def edit_name(kind: EditKind, part: RegionKind) -> str:
    """The edit's name as ReFocus has it, e.g. focus_on_x_values_with_draw."""
    return f"focus_on_{part}_with_{kind}"


EDIT_TOOLS: Mapping[str, tuple[EditKind, RegionKind]] = {
    edit_name(kind, part): (kind, part) for part in get_args(RegionKind) for kind in get_args(EditKind)
}
"""Kind of edit and kind of part, by the tool's name."""


def _run(context: ToolContext, arguments: Mapping[str, Any], *, kind: EditKind, part: RegionKind) -> Drawn:
    labels, frame = arguments.get("labels"), context.frame
    if not isinstance(labels, Sequence) or isinstance(labels, str) or len(labels) > 200:
        raise ToolError(f"labels must be a list of at most 200 strings, got {shown(labels)}")
    names = [checked_label(label) for label in labels]
    written = arguments.get("boxes")
    if written is None:
        boxes = {region.label: region.box for region in context.regions if region.kind == part}
    elif isinstance(written, Mapping) and len(written) <= 500:
        boxes = {checked_label(label): context.read_box(numbers) for label, numbers in written.items()}
    else:
        raise ToolError(f"boxes must map at most 500 labels to boxes, got {shown(written)}")
    here = {label: frame.from_original(box) for label, box in boxes.items()}

    def draw(source: Picture) -> Picture:
        return Picture(focus(source.pixels, kind, names, here)[0], frame)

    pixels, text = focus(context.pictures[context.about].pixels, kind, names, here)
    looked_at = tuple((name, boxes[name]) for name in names)
    return Drawn(ToolResult(Picture(pixels, frame), text, looked_at), Drawing(frame, context.about, draw))


SPECS = tuple(
    ToolSpec(
        name=name,
        version=1,
        kind="edit",
        description=f"Focus on some {PART_WORDS[part]}: {_EDIT_WORDS[kind]}.",
        properties=_PROPERTIES,
        required=("labels",),
        run=partial(_run, kind=kind, part=part),
    )
    for name, (kind, part) in EDIT_TOOLS.items()
)
