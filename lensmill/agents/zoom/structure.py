"""The zoom protocol as a regular expression."""

from collections.abc import Sequence
from typing import Any

from lensmill.agents.structure import ANSWER, LABEL, THINK, box_pattern, call_pattern
from lensmill.geometry import Convention, Frame
from lensmill.tools import ZOOM


def zoom_structure(convention: Convention, frames: Sequence[Frame], last: bool) -> dict[str, Any]:
    """A thought, then one call about one of the first ten pictures or (always in the `last` turn) an answer.

    Args:
        frames: of the pictures so far; a box stays within the largest.
    """
    if last:
        return {"regex": THINK + ANSWER}
    box, picture = box_pattern(convention, frames), f"[0-{min(len(frames), 10) - 1}]"
    arguments = rf'\{{"bbox_2d": {box}, "label": "{LABEL}", "image": {picture}\}}'
    return {"regex": f"{THINK}({call_pattern(ZOOM, arguments)}|{ANSWER})"}
