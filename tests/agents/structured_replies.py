"""Replies that the patterns for structured output must allow."""

from typing import Any

from lensmill.agents.direct.agent import direct_structure
from lensmill.agents.refocus.structure import refocus_structure
from lensmill.agents.search.structure import boxes_structure, search_structure, summary_structure, verdict_structure
from lensmill.agents.zoom.structure import zoom_structure
from lensmill.geometry import Convention, Frame

VIEW = Frame.whole((504, 392))
_CALL = "<think>hm</think>\n<tool_call>\n{}\n</tool_call>"
_ZOOM = _CALL.format(
    '{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [1, 20, 300, 40], "label": "a", "image": 0}}'
)
_ASK = _CALL.format('{"name": "vlm", "arguments": {"bbox_2d": [0.1, 0.2, 0.3, 1], "question": "which"}}')
_EDIT = "THOUGHT: hm\nACTION:\n```python\ndisplay(focus_on_rows_with_draw(image_1, ['a (b)'], rows_bbox))\n```"

REPLIES: tuple[tuple[dict[str, Any], str], ...] = (
    (direct_structure(True), "<think>hm</think>\n<answer>4</answer>"),
    (direct_structure(False), "<answer>4</answer>"),
    (zoom_structure(Convention.PIXELS, [VIEW], False), _ZOOM),
    (zoom_structure(Convention.PIXELS, [VIEW], True), "<think>hm</think>\n<answer>4</answer>"),
    (search_structure(Convention.UNIT, VIEW, False), _ASK),
    (refocus_structure({"rows": ["a (b)"]}, False), _EDIT),
    (refocus_structure({}, True), "THOUGHT: hm\nANSWER: It is 4.\nFINAL ANSWER: 4\nTERMINATE"),
    (
        boxes_structure(Convention.THOUSAND, VIEW, True),
        '[{"bbox_2d": [1, 2, 3, 4]}, {"bbox_2d": [5, 6, 7, 8], "label": "a"}]',
    ),
    (boxes_structure(Convention.PIXELS, VIEW, False), '{"bbox_2d": [1, 2, 3, 4]}'),
    (verdict_structure(), "VERDICT: incorrect\nADVICE: Look left."),
    (
        summary_structure([(1, 20, 300, 40)], "4.5 (about)", 5),
        f"{_ZOOM}\n<think>so</think>\n<answer>4.5 (about)</answer>",
    ),
)
