"""The tokens that a row needs, and the settings that follow from the largest row."""

import json
import math
from collections.abc import Callable, Iterator
from functools import lru_cache

from lensmill.formats.checking import Finding, Needs, Training
from lensmill.validation.conversation import Conversation

_LONGEST_TOKEN = 5.0
"""Bytes of a token, at most, on average over English text and JSON: fewer tokens than this are not to be hoped
for."""

_SHORTEST_TOKEN = 2.5
"""Bytes of a token, at least, on average; digits are tokens of their own in Qwen's vocabulary."""

PER_TURN = 5
"""Tokens of a template around each turn."""


def needs_of(conversation: Conversation, training: Training) -> Needs:
    """The needs of one row."""
    images, pixels = _pictures(conversation, training)
    text = sum(_tokens(part, training.count_tokens, _SHORTEST_TOKEN) for part in _texts(conversation))
    total = images + text + PER_TURN * len(conversation.turns)
    options = set()
    if any(p.path and not p.path.startswith(("/", "file:", "http", "data:")) for p in conversation.pictures):
        options.add("relative_paths")
    if any(turn.role == "assistant" and not turn.calls and "<think>" not in turn.text for turn in conversation.turns):
        options.add("turns_without_thought")
    if conversation.writes_boxes and any("<bbox>" in turn.text for turn in conversation.turns):
        options.add("objects")
    return Needs(total, pixels, 1, training.count_tokens is None, tuple(sorted(options)))


def check_budget(conversation: Conversation, training: Training, setting: str, consequence: str) -> Iterator[Finding]:
    """A row that is longer than the trainer's limit, or than the model's context, whatever the tokeniser.

    Args:
        setting: the trainer's name for the limit.
        consequence: of a longer row.
    """
    limit = training.max_tokens
    if not limit:
        limit, setting = training.target.family.context_length, f"the context of {training.target.name}"
    images, _ = _pictures(conversation, training)
    text = sum(_tokens(part, training.count_tokens, _LONGEST_TOKEN) for part in _texts(conversation))
    total = images + text + PER_TURN * len(conversation.turns)
    if total > limit:
        about = "" if training.count_tokens else "at least about "
        yield Finding(
            "too_long",
            "",
            f"the row needs {about}{total} tokens ({images} of pictures), and {setting} is {limit}: "
            f"{consequence}; raise the limit, or leave the row out",
        )


def _texts(conversation: Conversation) -> Iterator[str]:
    """What the template writes: turns, calls in fields of their own, and the schemas of tools."""
    for turn in conversation.turns:
        yield from (part for part in turn.parts if part)
        yield from (f"{call.name}{_json(call.arguments)}" for call in turn.calls)
    yield from (_json(schema) for _, schema in conversation.schemas)


def _json(value: object) -> str:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # other checks say what is wrong with the value
        return ""


def _pictures(conversation: Conversation, training: Training) -> tuple[int, int]:
    tokens = pixels = 0
    for picture in conversation.pictures:
        if picture.known:
            pixels = max(pixels, picture.width * picture.height)
            try:
                tokens += training.target.image_tokens(picture.width, picture.height)
            except ValueError:
                continue
    return tokens, pixels


@lru_cache(maxsize=4096)
def _tokens(text: str, count: Callable[[str], int] | None, length: float) -> int:
    return count(text) if count is not None else math.ceil(len(text.encode("utf-8", "surrogatepass")) / length)
