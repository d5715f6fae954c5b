"""What the search's models reply, as regular expressions."""

from collections.abc import Sequence
from typing import Any

from lensmill.agents.structure import ANSWER, CONTROL, LABEL, THINK, WORDS, box_pattern, call_pattern, escaped
from lensmill.geometry import Convention, Frame
from lensmill.tools import ZOOM


def search_structure(convention: Convention, view: Frame, last: bool) -> dict[str, Any]:
    """The structure of a reply during the search; in the last turn only an answer is allowed."""
    if last:
        return {"regex": THINK + ANSWER}
    box = box_pattern(convention, [view])
    calls = [
        call_pattern("locate", rf'\{{"object": "{LABEL}"\}}'),
        call_pattern("vlm", rf'\{{"bbox_2d": {box}, "question": "{LABEL}"\}}'),
        call_pattern("adjust_box", rf'\{{"bbox_2d": {box}, "instruction": "{LABEL}"\}}'),
    ]
    return {"regex": f"{THINK}({'|'.join(calls)}|{ANSWER})"}


def boxes_structure(convention: Convention, view: Frame, many: bool) -> dict[str, Any]:
    """One box as JSON, or a list of one to three."""
    one = rf'\{{"bbox_2d": {box_pattern(convention, [view])}(, "label": "{LABEL}")?\}}'
    return {"regex": rf"\[{one}(, {one}){{0,2}}\]" if many else one}


def verdict_structure() -> dict[str, Any]:
    """The structure of the verifier's reply."""
    return {"regex": f"VERDICT: (correct|incorrect)\nADVICE: {WORDS}"}


def summary_structure(boxes: Sequence[Sequence[float]], answer: str, limit: int) -> dict[str, Any]:
    """Thoughts and zooms into some of the first `limit` boxes (any, in their order, each once), then the answer."""
    plain = len(answer) <= 200 and not CONTROL.search(answer)  # servers refuse patterns with control characters
    ending = THINK + (f"<answer>{escaped(answer)}</answer>" if plain else ANSWER)
    if not boxes:
        return {"regex": ending}
    zooms = [f"({THINK}{call_pattern(ZOOM, _retold(box))}\n)" for box in boxes[:limit]]
    chains = [first + "".join(f"{zoom}?" for zoom in zooms[index + 1 :]) for index, first in enumerate(zooms)]
    return {"regex": f"({'|'.join(chains)}){ending}"}


def _retold(box: Sequence[float]) -> str:
    numbers = escaped("[" + ", ".join(f"{n:g}" for n in box) + "]")
    return rf'\{{"bbox_2d": {numbers}, "label": "{LABEL}", "image": 0\}}'
