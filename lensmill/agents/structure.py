"""The protocols as regular expressions, for servers that can hold a reply to one (`structured: true`).

Small models, and the random one that tests run, keep a protocol only this way. Pieces are short, so that a reply ends
within a few hundred tokens.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lensmill.geometry import Convention, Frame
from lensmill.tools import ZOOM

_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_SIGN = r"[^<>\x00-\x1f\x7f]"
_THINK = rf"<think>[A-Za-z]{_SIGN}{{1,200}}</think>\n"
_ANSWER = rf"<answer>[A-Za-z0-9]{_SIGN}{{0,60}}</answer>"
_WORDS = "[A-Za-z0-9 ,.]{1,120}"
_LABEL = "[A-Za-z0-9 ]{1,30}"
_LABELS = 40


def direct_structure(think: bool) -> dict[str, Any]:
    return {"regex": (_THINK if think else "") + _ANSWER}


def zoom_structure(convention: Convention, frames: Sequence[Frame], last: bool) -> dict[str, Any]:
    """A thought, then one call about one of the first ten pictures or (always in the `last` turn) an answer.

    Args:
        frames: of the pictures so far; a box stays within the largest.
    """
    if last:
        return {"regex": _THINK + _ANSWER}
    arguments = (
        rf'\{{"bbox_2d": {_box(convention, frames)}, "label": "{_LABEL}", "image": [0-{min(len(frames), 10) - 1}]\}}'
    )
    return {"regex": f"{_THINK}({_call(ZOOM, arguments)}|{_ANSWER})"}


def refocus_structure(labels: Mapping[str, Sequence[str]], last: bool) -> dict[str, Any]:
    """A thought, then one edit of a labelled part or an answer. `labels`: kind of part -> its labels."""
    answer = f"ANSWER: {_WORDS}\nFINAL ANSWER: [A-Za-z0-9][A-Za-z0-9 ,.%]{{0,60}}\nTERMINATE"
    edits = [
        rf"display\(focus_on_{kind}_with_(draw|highlight|mask)\(image_1, \[({_either(names)})\], {kind}_bbox\)\)"
        for kind, names in labels.items()
        if names
    ]
    if last or not edits:
        return {"regex": f"THOUGHT: {_WORDS}\n{answer}"}
    return {"regex": f"THOUGHT: {_WORDS}\n(ACTION:\n```python\n({'|'.join(edits)})\n```|{answer})"}


def search_structure(convention: Convention, view: Frame, last: bool) -> dict[str, Any]:
    if last:
        return {"regex": _THINK + _ANSWER}
    box = _box(convention, [view])
    calls = [
        _call("locate", rf'\{{"object": "{_LABEL}"\}}'),
        _call("vlm", rf'\{{"bbox_2d": {box}, "question": "{_LABEL}"\}}'),
        _call("adjust_box", rf'\{{"bbox_2d": {box}, "instruction": "{_LABEL}"\}}'),
    ]
    return {"regex": f"{_THINK}({'|'.join(calls)}|{_ANSWER})"}


def boxes_structure(convention: Convention, view: Frame, many: bool) -> dict[str, Any]:
    """One box as JSON, or a list of one to three."""
    one = rf'\{{"bbox_2d": {_box(convention, [view])}(, "label": "{_LABEL}")?\}}'
    return {"regex": rf"\[{one}(, {one}){{0,2}}\]" if many else one}


def verdict_structure() -> dict[str, Any]:
    return {"regex": f"VERDICT: (correct|incorrect)\nADVICE: {_WORDS}"}


def summary_structure(boxes: Sequence[Sequence[float]], answer: str, limit: int) -> dict[str, Any]:
    """Thoughts and zooms into some of the first `limit` boxes (any, in their order, each once), then the answer."""
    plain = len(answer) <= 200 and not _CONTROL.search(answer)  # servers refuse patterns with control characters
    ending = _THINK + (f"<answer>{_escaped(answer)}</answer>" if plain else _ANSWER)
    if not boxes:
        return {"regex": ending}
    zooms = [f"({_THINK}{_call(ZOOM, _retold(box))}\n)" for box in boxes[:limit]]
    chains = [first + "".join(f"{zoom}?" for zoom in zooms[index + 1 :]) for index, first in enumerate(zooms)]
    return {"regex": f"({'|'.join(chains)}){ending}"}


def _retold(box: Sequence[float]) -> str:
    numbers = _escaped("[" + ", ".join(f"{n:g}" for n in box) + "]")
    return rf'\{{"bbox_2d": {numbers}, "label": "{_LABEL}", "image": 0\}}'


def _call(name: str, arguments: str) -> str:
    return rf'<tool_call>\n\{{"name": "{name}", "arguments": {arguments}\}}\n</tool_call>'


def _box(convention: Convention, frames: Sequence[Frame]) -> str:
    if convention is Convention.UNIT:
        x = y = r"(0\.\d{1,3}|1)"
    elif convention is Convention.THOUSAND:
        x = y = _up_to(1000)
    else:
        x, y = _up_to(max(frame.width for frame in frames)), _up_to(max(frame.height for frame in frames))
    return rf"\[{x}, {y}, {x}, {y}\]"


def _up_to(most: int) -> str:
    """Whole numbers from 0 to `most`, without leading zeros beyond those of shorter numbers."""
    digits = str(most)
    ways = [rf"\d{{1,{len(digits) - 1}}}"] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        least, below = int(place == 0 and len(digits) > 1), int(digit) - 1
        if below >= least:
            ways.append(f"{digits[:place]}[{least}-{below}]" + r"\d" * (len(digits) - place - 1))
    return f"({'|'.join([*ways, digits])})"


def _either(labels: Sequence[str]) -> str:
    return "|".join(_escaped(repr(label)) for label in labels[:_LABELS])


def _escaped(text: str) -> str:
    """The text as a pattern, escaped only where every server's dialect needs it (Python's own escapes blanks too)."""
    return re.sub(r"[\\^$.*+?()\[\]{}|]", r"\\\g<0>", text)
