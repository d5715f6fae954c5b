"""Pieces of protocols as regular expressions, for servers that can hold a reply to one (`structured: true`).

Small models, and the random one that tests run, keep a protocol only this way. Pieces are short, so that a reply ends
within a few hundred tokens.
"""

import re
from collections.abc import Sequence

from lensmill.geometry import Convention, Frame

CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_SIGN = r"[^<>\x00-\x1f\x7f]"
THINK = rf"<think>[A-Za-z]{_SIGN}{{1,200}}</think>\n"
ANSWER = rf"<answer>[A-Za-z0-9]{_SIGN}{{0,60}}</answer>"
WORDS = "[A-Za-z0-9 ,.]{1,120}"
LABEL = "[A-Za-z0-9 ]{1,30}"
_LABELS = 40


def call_pattern(name: str, arguments: str) -> str:
    """A tool call; `arguments` is the pattern of its JSON."""
    return rf'<tool_call>\n\{{"name": "{name}", "arguments": {arguments}\}}\n</tool_call>'


def box_pattern(convention: Convention, frames: Sequence[Frame]) -> str:
    """A box that lies within the largest of the frames."""
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


def either(labels: Sequence[str]) -> str:
    """One of the labels, as Python writes it; of the first ones."""
    return "|".join(escaped(repr(label)) for label in labels[:_LABELS])


def escaped(text: str) -> str:
    """The text as a pattern, escaped only where every server's dialect needs it (Python's own escapes blanks too)."""
    return re.sub(r"[\\^$.*+?()\[\]{}|]", r"\\\g<0>", text)
