"""Whether a rollout keeps to the protocol of Chain-of-Focus ("Adaptive Chain-of-Focus", arXiv 2505.15436, its prompt).

Each reply is a thought, then calls (at most four, as our agent runs) or, in the last reply, one answer, each in tags
and with nothing between them:

    <think> ... </think> <tool_call> {"name": ..., "arguments": {...}} </tool_call>
    <think> ... </think> <answer> ... </answer>
"""

import json
from collections.abc import Set
from typing import Any

from lensmill.agents.zoom.replies import MAX_CALLS
from lensmill.rewards.attempt import Attempt
from lensmill.rewards.term import Term
from lensmill.tools import ZOOM, ToolError
from lensmill.tools.arguments import checked_box
from lensmill.tools.toolbox import tools_of

MOST_CALL = 10_000
"""Characters of one call."""

_MARKS = ("<think", "</think", "<tool_call", "</tool_call", "<answer", "</answer", "<tool_response", "<|im_")
"""No thought, call or answer may hold one of these: other readers of the same text would find another answer."""


def well_formed(attempt: Attempt) -> bool:
    """Whether every reply keeps to the protocol, the last one with an answer and the others with calls."""
    replies = attempt.turns.replies
    if not replies or attempt.turns.forged:
        return False
    tools = tools_of(attempt.asked.tools).keys()
    return all(_calls(turn.text, tools) for turn in replies[:-1]) and _answer(replies[-1].text)


def _calls(reply: str, tools: Set[str]) -> bool:
    rest = _after_thought(reply)
    for number in range(MAX_CALLS):
        if not rest:
            return number > 0
        call, rest = _block(rest, "tool_call")
        if not _is_call(call, tools):
            return False
    return not rest


def _answer(reply: str) -> bool:
    answer, rest = _block(_after_thought(reply), "answer")
    return bool(answer) and not rest


def _after_thought(reply: str) -> str:
    thought, rest = _block(reply.strip(), "think")
    return rest if thought else ""


def _block(text: str, tag: str) -> tuple[str, str]:
    """The content of the block that a text begins with, and the text behind the block; empty if there is none."""
    opening, closing = f"<{tag}>", f"</{tag}>"
    if not text.startswith(opening):
        return "", text
    inside, closed, rest = text[len(opening) :].partition(closing)
    if not closed or any(mark in inside.lower() for mark in _MARKS):
        return "", text
    return inside.strip(), rest.strip()


def _is_call(text: str, tools: Set[str]) -> bool:
    if not text or len(text) > MOST_CALL:
        return False
    try:
        call: Any = json.loads(text)
        if not isinstance(call, dict) or set(call) != {"name", "arguments"} or not isinstance(call["arguments"], dict):
            return False
        if call["name"] == ZOOM:
            checked_box(call["arguments"].get("bbox_2d"))
        return call["name"] in tools
    except (ValueError, RecursionError, ToolError, TypeError):
        return False


SPECS = (
    Term(
        name="format",
        doc="1 if every reply keeps to the protocol, otherwise 0 (Chain-of-Focus)",
        of=lambda attempt, _: float(well_formed(attempt)),
    ),
    Term(
        name="format_penalty",
        doc="0 if every reply keeps to the protocol, otherwise -1 (DeepEyes)",
        of=lambda attempt, _: float(well_formed(attempt)) - 1.0,
        low=-1.0,
        high=0.0,
    ),
)
