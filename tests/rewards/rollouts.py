"""Rollouts of the zoom protocol, as trainers hand them to reward functions."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lensmill.rewards import Attempt, read_asked, read_attempt

ROW: Mapping[str, Any] = {
    "question": "What is the value of the bar?",
    "references": ["42"],
    "choices": [],
    "targets": [[600.0, 450.0, 700.0, 500.0]],
    "original_width": 1600,
    "original_height": 1200,
    "rung": 448,
}
"""A question about a picture of 1600x1200 pixels; its view is 504x392."""

BOX = (189, 147, 221, 164)
"""The target in pixels of the view."""


def call(box: Sequence[float] = BOX, image: int = 0, name: str = "image_zoom_in_tool") -> str:
    written = json.dumps({"name": name, "arguments": {"bbox_2d": list(box), "label": "bar", "image": image}})
    return f"<think>I look closer.</think>\n<tool_call>\n{written}\n</tool_call>"


def answer(text: str = "42", thought: str = "It is clear.") -> str:
    return f"<think>{thought}</think>\n<answer>{text}</answer>"


def messages(*turns: str, result: str = "Picture 1.") -> list[dict[str, Any]]:
    """Replies with a tool message between them, as TRL has a completion."""
    found: list[dict[str, Any]] = []
    for turn in turns:
        found += [{"role": "tool", "content": result}] if found else []
        found.append({"role": "assistant", "content": turn})
    return found


def text(*turns: str, result: str = "Picture 1.") -> tuple[str, int]:
    """The same as verl decodes it, with verl's number of turns."""
    return f"\ntool\n{result}\nassistant\n".join(turns), 2 * len(turns)


def attempt(*turns: str, **columns: Any) -> Attempt:
    return read_attempt(messages(*turns), read_asked({**ROW, **columns}))


def value(term: str, tried: Attempt, *others: Attempt) -> float:
    from lensmill.rewards import TERMS

    return TERMS.get(term).of(tried, (tried, *others))
